// What every page shares: confirmation dialogs, messages, and what happens when a request fails.

const toasts = document.getElementById("toasts");
const TOAST_MS = 6000;

export function toast(text, level = "info") {
  const message = document.createElement("div");
  message.className = `message ${level}`;
  message.setAttribute("role", level === "error" ? "alert" : "status");
  message.textContent = text;
  toasts.append(message);
  setTimeout(() => message.remove(), TOAST_MS);
}

// The server sends messages beside a fragment by the HX-Trigger header.
document.body.addEventListener("toast", (event) => toast(event.detail.text, event.detail.level));

// Whether a live event caused the request: `refresh.js` tells of those.
export function isRefresh(detail) {
  const cause = detail.triggeringEvent ?? detail.requestConfig?.triggeringEvent;
  return Boolean(cause?.type.startsWith("live:"));
}

document.body.addEventListener("htmx:responseError", (event) => {
  if (isRefresh(event.detail)) return;
  const status = event.detail.xhr.status;
  if (status === 404) toast("That is no longer there. Reload the page.", "error");
  else if (status === 403) toast("Your session has ended or changed. Reload the page.", "error");
  else if (status === 429) toast("Too many requests. Wait a moment.", "warning");
  else toast("The server could not do that. Please try again.", "error");
});

document.body.addEventListener("htmx:sendError", (event) => {
  if (!isRefresh(event.detail)) toast("No connection. Nothing was changed.", "error");
});

document.body.addEventListener("htmx:timeout", (event) => {
  if (!isRefresh(event.detail)) toast("The server takes too long. Please try again.", "error");
});

// hx-confirm in a dialog of our own; `data-confirm-label` names the button.
const dialog = document.getElementById("confirm");
document.body.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const source = event.target.closest("[hx-confirm]");
  dialog.querySelector("[data-title]").textContent = source.dataset.confirmTitle || "Are you sure?";
  dialog.querySelector("[data-text]").textContent = event.detail.question;
  dialog.querySelector("[value=yes]").textContent = source.dataset.confirmLabel || "Continue";
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "yes") event.detail.issueRequest(true);
    },
    { once: true },
  );
  dialog.showModal();
});

document.body.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// `data-submit-on-change`: choosing sends the form.
document.body.addEventListener("change", (event) => {
  event.target.closest("[data-submit-on-change]")?.form?.requestSubmit();
});
