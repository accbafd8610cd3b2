// One socket a page. Each event of the server becomes DOM events on <body>: `live:<type>`, and
// `live:<type>:<id>` for the order or tank it is about, so that fragments refetch themselves by
// hx-trigger="live:order.status from:body". A burst is merged: at most one of each name in MERGE_MS, the
// last never lost.

const MERGE_MS = 1000;
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 20000;
const SILENCE_MS = 50000;
const POLL_MS = 30000;
const SIGNED_OUT = 4401;

const mark = document.querySelectorAll("[data-live]");
const pending = new Map();
const lastSent = new Map();
let socket = null;
let lastId = null;
let retryMs = RETRY_FIRST_MS;
let silence = 0;

function show(state, text) {
  for (const element of mark) {
    element.dataset.state = state;
    element.textContent = text;
  }
}

function dispatch(name) {
  const events = pending.get(name);
  pending.delete(name);
  lastSent.set(name, Date.now());
  document.body.dispatchEvent(new CustomEvent(name, { detail: { events } }));
}

function announce(name, event) {
  if (pending.has(name)) {
    pending.get(name).push(event);
    return;
  }
  pending.set(name, [event]);
  const wait = Math.max(0, (lastSent.get(name) ?? 0) + MERGE_MS - Date.now());
  setTimeout(dispatch, wait, name);
}

function receive(message) {
  if (message.type === "hello") {
    retryMs = RETRY_FIRST_MS;
    show("on", "Live");
    if (lastId) {
      socket.send(JSON.stringify({ type: "resume", after: lastId }));
    } else {
      // What happened between the page's rendering and now is not known: fetch once more.
      lastId = message.lastEventId;
      announce("live:reset", message);
    }
  } else if (message.type === "reset") {
    lastId = null;
    announce("live:reset", message);
  } else if (message.type === "ping") {
    socket.send(JSON.stringify({ type: "pong" }));
  } else if (message.id) {
    lastId = message.id;
    announce(`live:${message.type}`, message);
    const about = message.data?.id ?? message.data?.tankId;
    if (about) announce(`live:${message.type}:${about}`, message);
  }
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/live`, ["live"]);
  socket.addEventListener("message", (event) => {
    listen();
    receive(JSON.parse(event.data));
  });
  socket.addEventListener("close", (event) => {
    clearTimeout(silence);
    socket = null;
    if (event.code === SIGNED_OUT) {
      location.reload();
      return;
    }
    show("off", "Reconnecting…");
    setTimeout(connect, retryMs * (0.7 + 0.6 * Math.random()));
    retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
  });
}

function listen() {
  clearTimeout(silence);
  silence = setTimeout(() => socket?.close(), SILENCE_MS);
}

connect();

// Without a socket the pages still follow, slowly.
setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN && !document.hidden) announce("live:reset", {});
}, POLL_MS);
