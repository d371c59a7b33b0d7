/**
 * The style sheet of every site. Values are custom properties (properties.ts); classes are those of
 * docs/style.md.
 */
import { PROPERTIES } from './properties.ts';

export const STYLE = `${PROPERTIES}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:1rem/1.5 var(--type);overflow-wrap:anywhere}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static}
header.top{background:var(--card);border-bottom:1px solid var(--line)}
.bar{max-width:var(--wide);margin:0 auto;padding:var(--s2) var(--s4);display:flex;flex-wrap:wrap;gap:var(--s2) var(--s4);align-items:center}
.bar .name{font-weight:700;margin-right:auto}
.bar nav ul{display:flex;flex-wrap:wrap;gap:var(--s1);list-style:none;margin:0;padding:0}
.bar nav a{display:inline-flex;align-items:center;min-height:var(--touch);padding:0 var(--s3);border-radius:var(--round);text-decoration:none}
.bar nav a[aria-current]{background:var(--accent);color:var(--on-accent)}
.bar form{margin:0}
main{max-width:var(--wide);margin:0 auto;padding:var(--s4)}
main.narrow{max-width:var(--read)}
h1{font-size:1.6rem;line-height:1.25;margin:var(--s4) 0}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 var(--s3)}
.card{background:var(--card);border:1px solid var(--line);border-radius:var(--round);padding:var(--s4);margin:0 0 var(--s4)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr));gap:0 var(--s4)}
.note{border-left:.4rem solid var(--soft)}
.note.good{border-color:var(--good)}
.note.warn{border-color:var(--warn)}
.note.bad{border-color:var(--bad)}
.state{font-weight:600}
.state.good{color:var(--good)}
.state.warn{color:var(--warn)}
.state.bad{color:var(--bad)}
.soft{color:var(--soft)}
dl{display:grid;grid-template-columns:fit-content(45%) 1fr;gap:var(--s1) var(--s4);margin:0}
dt{color:var(--soft)}
dd{margin:0}
ul{padding-left:1.25rem}
h3{font-size:1rem;margin:var(--s4) 0 var(--s2)}
figure{margin:0}
figcaption{color:var(--soft)}
.bars{display:block;width:100%;height:3rem;fill:var(--accent);border-bottom:1px solid var(--field)}
.qr{display:block;width:100%;max-width:20rem;fill:var(--ink)}
.qr .light{fill:var(--paper)}
.line{list-style:none;margin:0;padding:0 0 0 var(--s3);border-left:2px solid var(--line)}
.line li{margin:0 0 var(--s2)}
dd ul{list-style:none;padding:0;margin:0}
.card>:last-child{margin-bottom:0}
.note>:first-child{margin-top:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
caption{position:absolute;left:-100rem}
th,td{text-align:left;vertical-align:top;padding:var(--s2) var(--s3) var(--s2) 0;border-bottom:1px solid var(--line);overflow-wrap:normal}
td a,li a,dd a{display:inline-block;min-height:1.5rem;min-width:1.5rem}
label,legend{display:block;font-weight:600;margin-top:var(--s3)}
label.choice{display:flex;gap:var(--s2);align-items:center;font-weight:400;min-height:2rem;margin:0}
fieldset{border:0;padding:0;margin:0}
legend{padding:0}
.hint{display:block;color:var(--soft);font-weight:400}
input,select,textarea{font:inherit;color:inherit;background:var(--card);border:1px solid var(--field);border-radius:var(--round);padding:var(--s2);max-width:100%}
input[type=text],input[type=search],input[type=password],textarea{width:100%;min-height:var(--touch)}
select{min-height:var(--touch)}
input[type=radio],input[type=checkbox]{flex:none;width:1.25rem;height:1.25rem;margin:0}
button,.button{font:inherit;font-weight:600;display:inline-flex;align-items:center;min-height:var(--touch);padding:0 var(--s4);border:1px solid var(--accent);border-radius:var(--round);background:var(--accent);color:var(--on-accent);text-decoration:none;cursor:pointer}
button.second,.button.second{background:transparent;color:var(--link);border-color:var(--field)}
legend+label.choice{margin-top:var(--s1)}
.deeds{display:flex;flex-wrap:wrap;gap:var(--s2);list-style:none;padding:0;margin:0 0 var(--s4)}
.find{display:flex;gap:var(--s2);margin:0}
form>button,form>.button{margin-top:var(--s4)}
.bar button{margin:0}
.find button{margin:0;flex:none;overflow-wrap:normal}
code,output{font-family:var(--mono)}
footer{max-width:var(--wide);margin:0 auto;padding:var(--s4);color:var(--soft)}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
@media print{.letter{break-after:page}header.top,footer,form,.deeds,.skip{display:none}.card{border:0;padding:0}}
`;
