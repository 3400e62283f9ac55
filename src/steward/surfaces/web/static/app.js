// The pages' own behaviour. Everything works without it but live refresh, the search dialog and the keyboard.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ------------------------------------------------------------------------------------------------------- theme

function toggleTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = root.dataset.theme === "dark" ? "light" : "dark";
  root.dataset.theme = next;
  try {
    // Back at the system's choice, follow the system again.
    if (next === system) localStorage.removeItem("steward-theme");
    else localStorage.setItem("steward-theme", next);
  } catch {
    // Storage may be refused; the choice then lasts for this page.
  }
}

// ------------------------------------------------------------------------------------------------------- times

const STEPS = [[60, "s"], [60, "m"], [24, "h"], [7, "d"], [5, "w"], [12, "mo"], [Infinity, "y"]];

function shortSpan(seconds) {
  let value = Math.max(0, seconds);
  for (const [size, unit] of STEPS) {
    if (value < size) return `${Math.floor(value)}${unit}`;
    value /= unit === "w" ? 4.345 : size;
  }
  return "";
}

function tick() {
  const now = Date.now();
  for (const element of $$("time[data-ago]")) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    setText(element, seconds < 45 ? "now" : shortSpan(seconds));
  }
  for (const element of $$("time[data-left]")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1000;
    setText(element, seconds > 0 ? `${shortSpan(seconds)} left` : "lease over");
    element.parentElement.classList.toggle("late", seconds < 60);
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// -------------------------------------------------------------------------------------------------------- live

// One stream says that something changed; the page then fetches itself and morphs what is marked with data-live.
const live = { source: null, missed: false, timer: 0, busy: false, again: false, last: 0, took: 0 };

// A page out of sight holds no line: browsers allow few per server, and tabs are many.
function connect() {
  const address = document.body.dataset.events;
  if (!address || live.source || document.hidden) return;
  live.source = new EventSource(address);
  live.source.onopen = () => {
    document.body.dataset.connection = "open";
    // What happened while the line was down was missed.
    if (live.missed) refreshSoon();
    live.missed = false;
  };
  live.source.onerror = () => {
    document.body.dataset.connection = "lost";
    live.missed = true;
    // A refusal ends the stream for good, an expired session for one; ask again later.
    if (live.source?.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(connect, 10_000);
    }
  };
  live.source.addEventListener("change", refreshSoon);
}

function disconnect() {
  live.source?.close();
  live.source = null;
  live.missed = true;
}

function refreshSoon() {
  if (document.hidden || live.busy) {
    live.again = true;
    return;
  }
  clearTimeout(live.timer);
  // A page that is dear to fetch is fetched less often.
  const rest = Math.max(0, live.last + Math.min(10_000, live.took * 8) - Date.now());
  live.timer = setTimeout(refresh, Math.max(150, rest));
}

async function refresh() {
  const regions = $$("[data-live]:not([data-src])");
  if (!regions.length) return;
  const start = Date.now();
  live.busy = true;
  live.again = false;
  try {
    const before = location.href;
    const answer = await fetch(before, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (answer.status === 401) return location.reload();
    // The person may have moved on while the answer was under way.
    if (answer.ok && location.href === before) morph(regions, await answer.text());
    await refreshAlone(before);
  } catch {
    // The stream's own reconnect brings the page up to date.
  } finally {
    live.busy = false;
    live.last = Date.now();
    live.took = live.last - start;
    if (live.again) refreshSoon();
  }
}

// A part of a page that can be had alone, such as the end of a long transcript, says where.
async function refreshAlone(before) {
  for (const region of $$("[data-live][data-src]")) {
    const answer = await fetch(region.dataset.src, { credentials: "same-origin" });
    if (answer.ok && location.href === before && region.isConnected) morph([region], await answer.text());
  }
}

// The answer is read once; what did not change is left alone, so that a badge costs a long page nothing.
function morph(regions, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const region of regions) {
    const next = fresh.getElementById(region.id);
    if (!next) continue;
    // What a person opened stays open.
    for (const each of $$("details[open][id]", region)) fresh.getElementById(each.id)?.setAttribute("open", "");
    if (next.isEqualNode(region)) continue;
    htmx.swap({ text: next.outerHTML, sourceElement: region, target: region, swap: "outerMorph" });
  }
}

// ------------------------------------------------------------------------------------------------------ search

function openPalette() {
  const palette = $("#palette");
  if (!palette.open) palette.showModal();
  const input = $("input", palette);
  input.select();
  input.focus();
}

function movePalette(step) {
  const found = $$("#palette-results a");
  if (!found.length) return;
  const at = found.findIndex((each) => each.getAttribute("aria-selected") === "true");
  const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : (at + step + found.length) % found.length;
  found.forEach((each, index) => each.setAttribute("aria-selected", String(index === next)));
  found[next].scrollIntoView({ block: "nearest" });
}

function paletteKey(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    movePalette(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = $('#palette-results a[aria-selected="true"]');
    if (!chosen) return; // The form then goes to the page of results.
    event.preventDefault();
    location.assign(chosen.href);
  }
}

// ---------------------------------------------------------------------------------------------------- keyboard

const GO = {
  o: "/", i: "/inbox", t: "/tasks", b: "/tasks?view=board", e: "/epics", s: "/issues", w: "/workflows", d: "/graph",
  a: "/agents", r: "/sessions", c: "/cost", l: "/devlog", p: "/projects",
};
let going = 0;

function moveFocus(step) {
  const items = $$("main .r, main .card, main .project, main .question a, main .gnode");
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  const next = items[Math.min(items.length - 1, Math.max(0, at + step))];
  next.focus({ focusVisible: true });
  next.scrollIntoView({ block: "nearest" });
}

function isTyping(target) {
  return target.matches("input, textarea, select, [contenteditable]");
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.matches(".answer textarea")) {
    event.target.form.requestSubmit($(".button-main", event.target.form));
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") escape(event);
  else if (!isTyping(event.target) && !$("dialog[open]")) onPlainKey(event);
}

function onPlainKey(event) {
  const key = event.key;
  if (Date.now() - going < 1200 && GO[key]) {
    going = 0;
    location.assign(GO[key]);
    return;
  }
  going = key === "g" ? Date.now() : 0;
  const action = { "/": openPalette, "?": () => $("#keys").showModal(), j: () => moveFocus(1), k: () => moveFocus(-1) }[key];
  if (!action) return;
  event.preventDefault();
  action();
}

function escape(event) {
  $$("details[open].switch").forEach((each) => { each.open = false; });
  if (isTyping(event.target)) event.target.blur();
}

// ------------------------------------------------------------------------------------------------------- clicks

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return toast("The browser did not allow copying.");
  }
  button.dataset.done = "";
  setTimeout(() => delete button.dataset.done, 1500);
}

function toast(text) {
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = text;
  $("#toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

function onClick(event) {
  const button = event.target.closest("[data-do], [data-copy]");
  if (button?.dataset.copy) copy(button);
  else if (button) ({ theme: toggleTheme, search: openPalette, keys: () => $("#keys").showModal() })[button.dataset.do]?.();
  if (event.target.matches("dialog")) event.target.close();
  if (!event.target.closest(".switch")) $$("details[open].switch").forEach((each) => { each.open = false; });
}

// A filter that is not set has no place in the address. The event comes for plain submits and for htmx alike.
function dropEmpty(event) {
  if (!event.target.matches("form[data-filters]")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("formdata", dropEmpty, true);
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);
document.addEventListener("htmx:after:swap", tick);
document.addEventListener("htmx:response:error", () => toast("The server did not answer as expected. Reload the page to see its state."));
document.addEventListener("htmx:error", () => toast("The server could not be reached."));

$("#palette input")?.addEventListener("keydown", paletteKey);
tick();
setInterval(tick, 10_000);
connect();
