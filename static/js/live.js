// One socket a page. Each event of the server becomes DOM events on <body>: `live:<type>`, and
// `live:<type>:<id>` for the order or tank it is about, so that fragments refetch themselves by
// hx-trigger="live:order.status from:body". A burst is merged, the last never lost; while nobody looks at the
// page it waits, and is brought up to date when they do.

const MERGE_MS = 1000;
const LEVELS_MERGE_MS = 5000; // a fleet reports all the time
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 20000;
const QUIET_MS = 25000;
const ANSWER_MS = 10000;
const POLL_MS = 30000;
const SIGNED_OUT = 4401;

const marks = document.querySelectorAll("[data-live]");
const pending = new Map();
const lastSent = new Map();
let socket = null;
let lastId = null;
let retryMs = RETRY_FIRST_MS;
let retry = 0;
let watch = 0;
let stale = false;

function show(state, text) {
  for (const mark of marks) {
    mark.dataset.state = state;
    mark.textContent = text;
  }
}

function dispatch(name) {
  const events = pending.get(name);
  pending.delete(name);
  lastSent.set(name, Date.now());
  if (document.hidden) stale = true;
  else document.body.dispatchEvent(new CustomEvent(name, { detail: { events } }));
}

function announce(name, event) {
  if (pending.has(name)) {
    pending.get(name).push(event);
    return;
  }
  pending.set(name, [event]);
  const merge = name.startsWith("live:tank.level") ? LEVELS_MERGE_MS : MERGE_MS;
  const wait = Math.max(0, (lastSent.get(name) ?? 0) + merge - Date.now());
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
  } else if (message.id) {
    lastId = message.id;
    announce(`live:${message.type}`, message);
    const about = message.data?.id ?? message.data?.tankId;
    if (about) announce(`live:${message.type}:${about}`, message);
  }
}

function connect() {
  clearTimeout(retry);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/ws/live`, ["live"]);
  socket = mine;
  mine.addEventListener("message", (event) => {
    if (socket !== mine) return;
    heard();
    receive(JSON.parse(event.data));
  });
  mine.addEventListener("close", (event) => {
    if (socket !== mine) return;
    if (event.code === SIGNED_OUT) location.reload();
    else lost();
  });
}

function lost() {
  clearTimeout(watch);
  socket = null;
  show("off", "Reconnecting…");
  retry = setTimeout(connect, retryMs * (0.7 + 0.6 * Math.random()));
  retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
}

// A connection can be dead without saying so: after some silence it is asked, and given up if it does not answer.
function heard() {
  clearTimeout(watch);
  watch = setTimeout(ask, QUIET_MS);
}

function ask() {
  clearTimeout(watch);
  if (socket?.readyState !== WebSocket.OPEN) return;
  const asked = socket;
  asked.send('{"type":"ping"}');
  watch = setTimeout(() => {
    lost();
    asked.close();
  }, ANSWER_MS);
}

connect();

window.addEventListener("online", () => {
  if (socket) ask();
  else connect();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  ask();
  if (stale) announce("live:reset", {});
  stale = false;
});

// Without a socket the pages still follow, slowly.
setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN) announce("live:reset", {});
}, POLL_MS);
