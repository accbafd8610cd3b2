// Fragments that refetch themselves because of a live event: what a person has typed or opened stays, what has
// changed shows for a moment, and a refresh that fails says so without getting in the way. A person's own request
// goes first: what a refresh brings from before its end is older than what the person sees.

import { isRefresh, toast } from "./app.js";

const TRY_AGAIN_MS = 10000;
const NOTICED = "tr[id], li[id], .tile[id], .stop[id]";

const banner = document.getElementById("out-of-date");
const kept = new WeakMap();
const begunAt = new WeakMap();
let failed = false;
let asking = 0; // a person's requests on their way
let asked = 0; // how many have begun or ended
let pressed = false; // a click is two events, and needs its button to be there for both
let dropped = false;

function showState() {
  banner.hidden = navigator.onLine && !failed;
}

// The page may have been searched since it was loaded: it is asked for as it stands in the address.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (isRefresh(event.detail) && event.detail.elt.matches("[data-page]")) {
    event.detail.path = location.pathname + location.search;
  }
});

function refetch() {
  document.body.dispatchEvent(new CustomEvent("live:reset"));
}

function refetchDropped() {
  if (!dropped || asking || pressed) return;
  dropped = false;
  setTimeout(refetch);
}

document.body.addEventListener("htmx:beforeSend", (event) => {
  const { xhr } = event.detail;
  if (isRefresh(event.detail)) {
    begunAt.set(xhr, asked);
    return;
  }
  asking += 1;
  asked += 1;
  xhr.addEventListener("loadend", () => {
    asking -= 1;
    asked += 1;
    refetchDropped();
  });
});

document.addEventListener("pointerdown", () => {
  pressed = true;
});

for (const over of ["pointerup", "pointercancel"]) {
  document.addEventListener(over, () => {
    setTimeout(() => {
      pressed = false;
      refetchDropped();
    });
  });
}

function isTyped(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (!isRefresh(event.detail)) return;
  if (pressed || asking || begunAt.get(event.detail.xhr) !== asked) {
    event.detail.shouldSwap = false;
    dropped = true;
    return;
  }
  const fragment = event.detail.target;
  kept.set(fragment, {
    fields: [...fragment.querySelectorAll("input[id], select[id], textarea[id]")]
      .filter((field) => field.type !== "hidden" && isTyped(field))
      .map(({ id, value, checked }) => ({ id, value, checked })),
    open: [...fragment.querySelectorAll("details[id][open]")].map(({ id }) => id),
    texts: new Map([...fragment.querySelectorAll(NOTICED)].map(({ id, textContent }) => [id, textContent])),
  });
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const before = kept.get(event.detail.target);
  if (!before || !isRefresh(event.detail)) return;
  kept.delete(event.detail.target);
  for (const { id, value, checked } of before.fields) {
    const field = document.getElementById(id);
    if (field) Object.assign(field, { value, checked });
  }
  for (const id of before.open) document.getElementById(id)?.setAttribute("open", "");
  for (const row of event.detail.target.querySelectorAll(NOTICED)) {
    if (before.texts.size && before.texts.get(row.id) !== row.textContent) row.classList.add("flash");
  }
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (!isRefresh(event.detail)) return;
  // An order that has gone to another supplier: the page of what is no longer there says so.
  if (event.detail.xhr.status === 404) location.reload();
  failed = !event.detail.successful;
  showState();
  if (failed) setTimeout(refetch, TRY_AGAIN_MS);
  refetchDropped();
});

document.body.addEventListener("live:order.status", (event) => {
  for (const { data } of event.detail.events) {
    if (data.status === "placed") toast(`New order ${data.orderNumber}`, "info");
  }
});

window.addEventListener("online", showState);
window.addEventListener("offline", showState);
showState();
