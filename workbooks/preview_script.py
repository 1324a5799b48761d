"""What the page of pictures looks like, and what it does when somebody chooses."""

STYLE = """
body { margin: 0; font-family: Arial, Helvetica, sans-serif; color: #1b1b1b; background: #f3f3f3; display: flex; }
aside { width: 220px; padding: 12px; box-sizing: border-box; flex: none; }
aside h2 { font-size: 13px; margin: 18px 0 6px; color: #595959; }
#command code { display: block; user-select: all; overflow-wrap: anywhere; }
aside p, .hint { font-size: 12px; color: #595959; }
button { font: inherit; font-size: 13px; cursor: pointer; }
button { border: 1px solid #ddd; background: white; border-radius: 3px; }
.tab { display: block; width: 100%; text-align: left; padding: 6px 8px; margin: 2px 0; }
.tab.story { font-weight: bold; }
button.now { background: #0072b2; color: white; border-color: #0072b2; }
main { padding: 12px; overflow-x: auto; flex: 1; }
section { display: none; }
section.now { display: block; }
.board > div { position: relative; background: white; box-shadow: 0 0 3px #bbb; margin-bottom: 12px; }
.zone { position: absolute; overflow: hidden; }
.picture { width: 100%; height: 100%; }
.zone p { margin: 0; color: #333; }
label { font-size: 11px; color: #595959; display: block; }
select { display: block; font-size: 12px; width: 95%; max-width: 230px; margin-top: 3px; padding: 2px; }
.story nav { display: flex; gap: 6px; max-width: 1200px; margin-bottom: 12px; overflow-x: auto; }
.point { flex: 1; padding: 8px; min-height: 64px; min-width: 96px; }
h1 { font-size: 20px; margin: 4px 0 10px; }
#says { position: fixed; display: none; max-width: 320px; padding: 6px 9px; font-size: 12px; line-height: 1.4;
  white-space: pre-line; background: white; border: 1px solid #bbb; box-shadow: 0 1px 4px #999; pointer-events: none; }
@media (max-width: 800px) {
  body { display: block; }
  aside { width: auto; max-height: 40vh; overflow-y: auto; }
  main { padding: 4px; }
}
"""

SCRIPT = """
const { pictures, controls } = JSON.parse(document.getElementById("data").textContent);
const sections = [...document.querySelectorAll("section")];
const buttons = [...document.querySelectorAll("button[data-to]")];
const selects = [...document.querySelectorAll("select[data-control]")];
const says = document.getElementById("says");
const inside = "<style>:host { display: block } svg { display: block; width: 100%; height: 100% }"
  + " text { pointer-events: none } p { font: italic 13px Arial, sans-serif; color: #595959; text-align: center;"
  + " padding: 30px 20px; margin: 0 }</style>";
const NOT_DRAWN = "<p>Not drawn for these choices together.</p>";
const unpacked = new Map();
const chosen = {};

for (const [book, own] of Object.entries(controls)) {
  chosen[book] = Object.fromEntries(Object.entries(own).map(([key, one]) => [key, one.first]));
}

async function unpack(place) {
  if (!unpacked.has(place)) {
    const bytes = Uint8Array.from(atob(pictures[place]), one => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    unpacked.set(place, new Response(stream).text());
  }
  return unpacked.get(place);
}

function tellMissing(shown) {
  const lacking = shown.find(one => one.place === undefined);
  const book = lacking?.closest("section").dataset.book;
  const set = book ? Object.entries(controls[book]).filter(([key, one]) => chosen[book][key] !== one.first) : [];
  const settings = set.map(([key, one]) => one.settings[chosen[book][key]]);
  const command = document.getElementById("command");
  command.hidden = settings.length === 0 || settings.includes(undefined);
  command.querySelector("code").textContent =
    "hyperwatt workbook preview" + settings.map(one => ` --set "${one}"`).join("");
}

async function draw(picture) {
  const book = picture.closest("section").dataset.book;
  picture.what ??= JSON.parse(picture.dataset.shown);
  const place = picture.what.states[picture.what.controls.map(key => chosen[book][key]).join(",")];
  if (picture.place === place && place !== undefined) return;
  picture.place = place;
  const root = picture.shadowRoot ?? picture.attachShadow({ mode: "open" });
  const inner = place === undefined ? (picture.matches(".legend") ? "" : NOT_DRAWN) : await unpack(place);
  if (picture.place === place) root.innerHTML = inside + inner;
}

function drawAll() {
  const shown = [...document.querySelectorAll("section.now .picture")];
  return Promise.all(shown.map(draw)).then(() => tellMissing(shown)).catch(() => {
    document.getElementById("old").hidden = false;
  });
}

function show(id, story = null) {
  const isShown = own => own === id || own === story?.id;
  sections.forEach(one => one.classList.toggle("now", isShown(one.id)));
  buttons.forEach(one => {
    const isOwn = one.closest("section") === story || one.dataset.to === story?.id;
    one.classList.toggle("now", isShown(one.dataset.to) && (!story || isOwn));
  });
  if (!story) {
    const opened = sections.find(one => one.id === id);
    if (opened && opened.classList.contains("story")) return show(opened.querySelector(".point").dataset.to, opened);
  }
  return drawAll();
}

function choose(book, key, place) {
  chosen[book][key] = place;
  for (const one of selects) {
    if (one.dataset.control === key && one.closest("section").dataset.book === book) one.selectedIndex = place;
  }
}

buttons.forEach(one => one.addEventListener("click", () => show(one.dataset.to, one.closest("section.story"))));
for (const select of selects) {
  select.addEventListener("change", () => {
    choose(select.closest("section").dataset.book, select.dataset.control, select.selectedIndex);
    drawAll();
  });
}
document.getElementById("first").addEventListener("click", () => {
  for (const [book, own] of Object.entries(controls)) {
    for (const [key, one] of Object.entries(own)) choose(book, key, one.first);
  }
  drawAll();
});
document.addEventListener("pointermove", event => {
  const mark = event.composedPath()[0];
  const words = mark.closest && mark.closest("svg") && mark.getAttribute("aria-label");
  says.style.display = words ? "block" : "none";
  if (!words) return;
  says.textContent = words;
  says.style.left = Math.max(0, Math.min(event.clientX + 14, innerWidth - says.offsetWidth - 8)) + "px";
  says.style.top = Math.max(0, Math.min(event.clientY + 14, innerHeight - says.offsetHeight - 8)) + "px";
});
if (sections.length) show(sections[0].id);
"""

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Workbooks, drawn</title>
<style>{style}</style></head>
<body>
<aside>
<p>Drawn from the extracts by hyperwatt, without Tableau: the same formulas and filters, not the same pixels.
Controls work together; where a sheet was not drawn for a combination, it says so. Point at a mark to read it. A click
on a mark chooses and filters in Tableau only.</p>
<p id="old" hidden>This browser cannot unpack pictures: one of 2023 or later can.</p>
<noscript><p>The pictures need JavaScript; the files beside this page do not.</p></noscript>
<p id="command" hidden>This draws what is missing here: <code></code></p>
<button id="first">All controls as at first</button>
{tabs}
</aside>
<main>{sections}</main>
<div id="says" role="tooltip"></div>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
