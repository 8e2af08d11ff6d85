"use strict";
// Every text of the run goes into the page as text, never as markup.
const { run, items } = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const grid = byId("photos"), dialog = byId("large");
const STATUSES = ["done", "skipped", "flagged", "blocked", "failed"];
const NEAR = "600px"; // how far outside the window pictures are made ready

const chainOf = (item) => item.chain.map((step) => step.instruction).join(" → ");
const amount = (item) => item.change.pixels ?? Math.max(-1, ...Object.values(item.change));
const percent = (share) => (100 * share).toFixed(share < 0.1 ? 1 : 0) + " %";

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ---- the words of an item ---------------------------------------------------------------------------------------

function settingsOf(item) {
  const rows = [["Seed", item.seed], ["Model", item.model]];
  if (item.variant) rows.push(["Variant", item.variant]);
  if (item.recipe) rows.push(["Recipe", item.recipe]);
  item.chain.forEach((step, place) => {
    if (item.chain.length > 1) rows.push([`Step ${place + 1}`, step.instruction]);
    for (const [key, label] of [["steps", "Steps"], ["text_guidance", "Text guidance"], ["image_guidance", "Image guidance"], ["sampler", "Sampler"]]) {
      const own = step[key], value = own ?? run.defaults[key];
      if (value !== undefined) rows.push([label, own === undefined ? `${value} (the model's own)` : value]);
    }
  });
  for (const [name, share] of Object.entries(item.change)) rows.push([`Change: ${name}`, percent(share)]);
  rows.push(["Seconds", item.seconds], ["Photo", item.source], ["Output", item.output]);
  return rows;
}

function settingsList(item) {
  const list = element("dl");
  for (const [label, value] of settingsOf(item)) list.append(element("dt", label), element("dd", value));
  return list;
}

function putInstruction(place, item) {
  item.chain.forEach((step, number) => place.append(...(number ? [element("b", "then")] : []), step.instruction));
}

function putReason(place, item) {
  place.hidden = !item.reason;
  place.textContent = item.reason ?? "";
  place.classList.add(item.status);
}

function putFigures(place, item) {
  place.append(`seed ${item.seed}` + (item.variant ? `, variant ${item.variant}` : ""));
  if (amount(item) < 0) return;
  const meter = element("meter");
  meter.max = 0.5;
  meter.value = amount(item);
  meter.setAttribute("aria-hidden", "true");
  place.append(` · changed ${percent(amount(item))}`, meter);
}

// ---- before and after -------------------------------------------------------------------------------------------

function makeCompare(item) {
  const compare = byId("compare").content.firstElementChild.cloneNode(true);
  const range = compare.querySelector("input");
  range.setAttribute("aria-label", `${item.name}: divide between before and after`);
  compare.querySelector(".before").alt = `${item.name} before`;
  compare.querySelector(".after").alt = `${item.name} after: ${chainOf(item)}`;
  compare.style.setProperty("--shape", item.size[0] / item.size[1]);
  moveTo(compare, 50);
  return compare;
}

function moveTo(compare, value) {
  const range = compare.querySelector("input"), at = Math.min(100, Math.max(0, value));
  range.value = at;
  range.setAttribute("aria-valuetext", `${Math.round(at)} % before, ${Math.round(100 - at)} % after`);
  compare.style.setProperty("--at", at + "%");
}

function swap(compare) {
  moveTo(compare, Number(compare.querySelector("input").value) > 50 ? 0 : 100);
}

function follow(event) {
  const compare = event.target.closest?.(".compare");
  if (!compare || (event.type === "pointermove" && !compare.hasPointerCapture(event.pointerId))) return;
  if (event.type === "pointerdown") {
    if (event.button !== 0) return;
    compare.setPointerCapture(event.pointerId);
    compare.querySelector("input").focus({ preventScroll: true });
    event.preventDefault();
  }
  const box = compare.getBoundingClientRect();
  moveTo(compare, (100 * (event.clientX - box.left)) / box.width);
}

// The pictures stand behind this script as text. While the page still loads, one may be missing or cut short.
function picturesOf(place) {
  const holder = byId("p" + place);
  if (!holder || (document.readyState === "loading" && !holder.nextElementSibling)) return null;
  return holder.textContent.split("\n").map((data) => "data:image/webp;base64," + data);
}

function show(compare, place) {
  const pictures = picturesOf(place);
  if (!pictures) return false;
  compare.querySelector(".before").src = pictures[0];
  compare.querySelector(".after").src = pictures[1];
  return true;
}

// ---- cards ------------------------------------------------------------------------------------------------------

// Far from the window a card is only its name, which the browser's own search finds.
function makeCard(item, place) {
  const card = element("article", undefined, "card"), name = element("h2");
  name.append(element("bdi", item.name));
  card.append(name);
  card.dataset.place = place;
  return card;
}

function fill(card) {
  const place = Number(card.dataset.place), item = items[place];
  if (card.querySelector(".words")) return;
  const find = (selector) => card.querySelector(selector), name = find("h2");
  card.append(byId("card").content.cloneNode(true));
  find(".words").prepend(name);
  find(".status").textContent = item.status;
  find(".status").classList.add(item.status);
  putInstruction(find(".instruction"), item);
  putReason(find(".reason"), item);
  putFigures(find(".figures"), item);
  find("details").addEventListener("toggle", () => find("dl") ?? find("details").append(settingsList(item)), { once: true });
  if (item.size) {
    const open = element("button", "⤢", "enlarge");
    open.type = "button";
    open.setAttribute("aria-label", `Large view of ${item.name}`);
    find(".picture").append(makeCompare(item), open);
  } else {
    find(".picture").append("no picture");
    find(".picture").classList.add("none");
    card.tabIndex = -1;
  }
}

const cards = items.map(makeCard);
const waiting = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        fill(target);
        if (items[target.dataset.place].size) waiting.add(target);
      } else {
        waiting.delete(target);
        for (const image of target.querySelectorAll("img")) image.removeAttribute("src");
      }
    }
    showWaiting();
  },
  { rootMargin: NEAR },
);

function showWaiting() {
  for (const card of waiting) if (show(card.querySelector(".compare"), card.dataset.place)) waiting.delete(card);
  if (waiting.size && document.readyState === "loading") setTimeout(showWaiting, 50);
}

// ---- filters and order ------------------------------------------------------------------------------------------

let visible = []; // places of the items that are shown, in the order in which they are shown

const ORDERS = {
  order: (a, b) => a - b,
  most: (a, b) => amount(items[b]) - amount(items[a]) || a - b,
  least: (a, b) => (amount(items[a]) < 0) - (amount(items[b]) < 0) || amount(items[a]) - amount(items[b]) || a - b,
  name: (a, b) => items[a].name.localeCompare(items[b].name, undefined, { numeric: true }) || a - b,
};

function arrange() {
  const status = document.querySelector("#statuses input:checked").value;
  const instruction = byId("instruction").value, name = byId("search").value.trim().toLowerCase();
  const wanted = (item) =>
    (!status || item.status === status) &&
    (!instruction || chainOf(item) === instruction) &&
    (!name || item.name.toLowerCase().includes(name));
  visible = [...items.keys()].filter((place) => wanted(items[place])).sort(ORDERS[byId("sort").value]);
  grid.replaceChildren(...visible.map((place) => cards[place]));
  byId("shown").textContent = visible.length === items.length ? `${items.length} photos` : `${visible.length} of ${items.length} photos`;
  byId("nothing").hidden = visible.length > 0;
}

function addChoices() {
  const counts = { "": items.length };
  for (const item of items) counts[item.status] = (counts[item.status] ?? 0) + 1;
  for (const status of ["", ...STATUSES.filter((name) => counts[name])]) {
    const label = element("label"), radio = element("input");
    Object.assign(radio, { type: "radio", name: "status", value: status, defaultChecked: !status });
    label.append(radio, element("span", `${status || "all"} ${counts[status]}`));
    byId("statuses").append(label);
  }
  for (const chain of [...new Set(items.map(chainOf))].sort()) {
    const option = element("option", chain);
    option.value = chain;
    byId("instruction").append(option);
  }
}

function reset() {
  byId("filters").reset();
  arrange();
}

// ---- the large view ---------------------------------------------------------------------------------------------

let opened = -1; // where in `visible`

function openLarge(index) {
  const item = items[visible[index]];
  if (!item) return;
  opened = index;
  byId("large-name").replaceChildren(element("bdi", item.name));
  byId("large-place").textContent = `${index + 1} / ${visible.length}`;
  byId("previous").disabled = index === 0;
  byId("next").disabled = index === visible.length - 1;
  const words = [element("span", item.status, "status " + item.status), element("p"), element("p", "", "reason"), settingsList(item)];
  words[0].style.justifySelf = "start";
  putInstruction(words[1], item);
  putReason(words[2], item);
  byId("large-words").replaceChildren(...words);
  byId("large-stage").replaceChildren(item.size ? makeCompare(item) : element("p", "no picture"));
  if (!dialog.open) dialog.showModal();
  if (item.size) showLarge(byId("large-stage").firstElementChild, item, visible[index]);
  else byId("close").focus();
}

function showLarge(compare, item, place) {
  show(compare, place);
  compare.querySelector("input").focus();
  if (item.links.length === 2) sharpen(compare, item.links);
}

// Where the photo and the output still lie beside the page, they take the place of their previews.
async function sharpen(compare, links) {
  const pictures = links.map((link) => Object.assign(new Image(), { src: link }));
  try {
    await Promise.all(pictures.map((picture) => picture.decode()));
  } catch {
    return;
  }
  compare.querySelector(".before").src = links[0];
  compare.querySelector(".after").src = links[1];
  compare.classList.add("sharp");
}

function closeLarge() {
  const card = cards[visible[opened]];
  byId("large-stage").replaceChildren();
  if (card) focusCard(card);
}

// ---- keys -------------------------------------------------------------------------------------------------------

function focusCard(card) {
  fill(card);
  card.scrollIntoView({ block: "nearest" });
  (card.querySelector(".compare input") ?? card).focus({ preventScroll: true });
}

function step(by) {
  if (dialog.open) {
    if (visible[opened + by] !== undefined) openLarge(opened + by);
    return;
  }
  const card = document.activeElement.closest(".card");
  const index = card ? visible.indexOf(Number(card.dataset.place)) + by : by > 0 ? 0 : visible.length - 1;
  if (visible[index] !== undefined) focusCard(cards[visible[index]]);
}

function isTyping(target) {
  return target.matches("select, input:not([type=range]), textarea");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const isSlider = event.target.matches(".compare input"), card = event.target.closest(".card");
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => dialog.open || byId("search").focus(),
    " ": isSlider && (() => swap(event.target.parentElement)),
    Enter: card && event.target.matches(".compare input, .card") && (() => openLarge(visible.indexOf(Number(card.dataset.place)))),
  };
  const action = Object.hasOwn(actions, event.key) && actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

// ---- begin ------------------------------------------------------------------------------------------------------

function describeRun() {
  const counts = Object.entries(run.counts).map(([status, number]) => `${number} ${status}`);
  byId("run").textContent = `${counts.join(", ")} in ${run.seconds} s · ${run.output} · ${run.date} · ip2p ${run.version}`;
}

describeRun();
addChoices();
arrange();
for (const card of cards) watcher.observe(card);
for (const kind of ["pointerdown", "pointermove"]) document.addEventListener(kind, follow);
document.addEventListener("input", (event) => event.target.matches(".compare input") && moveTo(event.target.parentElement, Number(event.target.value)));
document.addEventListener("keydown", onKey);
document.addEventListener("DOMContentLoaded", showWaiting);
byId("filters").addEventListener("input", (event) => arrange(event));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("reset").addEventListener("click", reset);
grid.addEventListener("click", (event) => {
  const button = event.target.closest(".enlarge");
  if (button) openLarge(visible.indexOf(Number(button.closest(".card").dataset.place)));
});
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", closeLarge);
