// Fragments that refetch themselves because of a live event: what a person has typed or opened stays, what has
// changed shows for a moment, and a refresh that fails says so without getting in the way.

import { isRefresh, toast } from "./app.js";

const TRY_AGAIN_MS = 10000;
const NOTICED = "tr[id], li[id], .tile[id], .stop[id]";

const banner = document.getElementById("out-of-date");
const kept = new WeakMap();
let failed = false;

function showState() {
  banner.hidden = navigator.onLine && !failed;
}

// The page may have been searched since it was loaded: it is asked for as it stands in the address.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (isRefresh(event.detail) && event.detail.elt.matches("[data-page]")) {
    event.detail.path = location.pathname + location.search;
  }
});

function isTyped(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (!isRefresh(event.detail)) return;
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
  const status = event.detail.xhr.status;
  // An order that has gone to another supplier: the page of what is no longer there says so.
  if (status === 404) location.reload();
  failed = !event.detail.successful;
  showState();
  if (failed) setTimeout(() => document.body.dispatchEvent(new CustomEvent("live:reset")), TRY_AGAIN_MS);
});

document.body.addEventListener("live:order.status", (event) => {
  for (const { data } of event.detail.events) {
    if (data.status === "placed") toast(`New order ${data.orderNumber}`, "info");
  }
});

window.addEventListener("online", showState);
window.addEventListener("offline", showState);
showState();
