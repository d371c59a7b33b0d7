<?php
$api = getenv('SLUIS_API');
$login = base64_encode(getenv('SLUIS_LOGIN') . ':' . getenv('SLUIS_PASSWORD'));

function ask(string $method, string $path, array|object|null $body = null, array $headers = []): string
{
    global $api, $login;
    $headers[] = "Authorization: Basic $login";
    if ($method === 'POST') {
        $headers[] = 'Content-Type: application/json';
        $body ??= new stdClass();
        $headers[] = 'Idempotency-Key: ' . bin2hex(random_bytes(16));
    }
    $options = ['method' => $method, 'header' => $headers, 'timeout' => 60, 'ignore_errors' => true];
    if ($body !== null) {
        $options['content'] = json_encode($body);
    }
    $context = stream_context_create(['http' => $options]);
    $answer = file_get_contents($api . $path, false, $context);
    preg_match('/ (\d{3})/', $http_response_header[0] ?? '', $status);
    if ($answer === false || (int) ($status[1] ?? 0) >= 400) {
        throw new RuntimeException("$method $path: " . ($status[1] ?? 'no answer') . " $answer");
    }
    return $answer;
}

$sent = json_decode(ask('POST', '/messages', [
    'from' => 'huisarts@huisarts.example',
    'to' => ['huisarts@huisarts.example'],
    'subject' => 'Uitslag',
    'text' => 'Zie de bijlage.',
    'attachments' => [[
        'name' => 'uitslag.edi',
        'type' => 'application/edifact',
        'content' => base64_encode("UNB+UNOA:1+500000001+500000002+261128:1200+1'UNZ+0+1'"),
    ]],
]), true);
echo "sent {$sent['id']}\n";

$claim = json_decode(ask('POST', '/mailbox/claims', ['most' => 10], ['Prefer: wait=5']), true);
foreach ($claim['messages'] as $message) {
    $file = fopen("{$message['id']}.eml", 'w');
    fwrite($file, ask('GET', "/mailbox/messages/{$message['id']}/content"));
    // On the disk before it is acknowledged: from then on it is yours alone.
    fsync($file);
    fclose($file);
}
if ($claim['messages'] !== []) {
    ask('POST', "/mailbox/claims/{$claim['id']}/acknowledgements");
}
echo 'received ' . count($claim['messages']) . "\n";
