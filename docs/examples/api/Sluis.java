import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Sluis {
  static final String API = System.getenv("SLUIS_API");
  static final String LOGIN = Base64.getEncoder().encodeToString(
      (System.getenv("SLUIS_LOGIN") + ":" + System.getenv("SLUIS_PASSWORD")).getBytes(StandardCharsets.UTF_8));
  static final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(API + path)).timeout(Duration.ofSeconds(60)).header("Authorization", "Basic " + LOGIN);
  }

  static String post(String path, String json, String... headers) throws Exception {
    HttpRequest.Builder request = to(path)
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", UUID.randomUUID().toString())
        .POST(BodyPublishers.ofString(json));
    if (headers.length > 0) request.headers(headers);
    HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
    if (answer.statusCode() >= 400) throw new IllegalStateException(path + ": " + answer.statusCode() + " " + answer.body());
    return answer.body();
  }

  static List<String> ids(String json) {
    List<String> found = new ArrayList<>();
    Matcher id = Pattern.compile("\"id\":\"([^\"]+)\"").matcher(json);
    while (id.find()) found.add(id.group(1));
    return found;
  }

  public static void main(String[] arguments) throws Exception {
    String edi = Base64.getEncoder().encodeToString("UNB+UNOA:1+500000001+500000002+261128:1200+1'UNZ+0+1'".getBytes(StandardCharsets.US_ASCII));
    String sent = post("/messages", "{\"from\":\"huisarts@huisarts.example\",\"to\":[\"huisarts@huisarts.example\"],"
        + "\"subject\":\"Uitslag\",\"text\":\"Zie de bijlage.\",\"attachments\":"
        + "[{\"name\":\"uitslag.edi\",\"type\":\"application/edifact\",\"content\":\"" + edi + "\"}]}");
    System.out.println("sent " + ids(sent).get(0));

    // The id of the claim comes first, then those of its messages.
    List<String> claim = ids(post("/mailbox/claims", "{\"most\":10}", "Prefer", "wait=5"));
    for (String id : claim.subList(Math.min(1, claim.size()), claim.size())) {
      HttpRequest request = to("/mailbox/messages/" + id + "/content").build();
      HttpResponse<Path> answer = client.send(request, BodyHandlers.ofFile(Path.of(id + ".eml")));
      if (answer.statusCode() != 200) throw new IllegalStateException(id + ": " + answer.statusCode());
    }
    if (!claim.isEmpty()) post("/mailbox/claims/" + claim.get(0) + "/acknowledgements", "{}");
    System.out.println("received " + Math.max(0, claim.size() - 1));
  }
}
