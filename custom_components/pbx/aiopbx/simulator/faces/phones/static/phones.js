// Everybody's phone. The page shows what the server says and asks the server for everything; it knows no telephony:
// which buttons a call has is the server's word (`actions`).

const API = "/simulator/phones";
const STATE_WORDS = {
  idle: "idle", lifted: "off hook", dialing: "dialing", ringing_outgoing: "calling", ringing_incoming: "ringing",
  active: "talking", held: "on hold", releasing: "hanging up", busy: "busy", out_of_service: "out of service",
};
const KEYS = [ // action, words, look
  ["answer", "Answer", "good"], ["hold", "Hold", ""], ["retrieve", "Retrieve", ""], ["alternate", "Swap", ""],
  ["consult", "Consult", ""], ["transfer", "Transfer", ""], ["blind_transfer", "Send to …", ""], ["merge", "Conference", ""],
  ["redirect", "Deflect to …", ""], ["voicemail", "Voicemail", ""], ["hang_up", "Hang up", "bad"],
];
const NEEDS_NUMBER = new Set(["consult", "blind_transfer", "redirect"]);

const $ = (id) => document.getElementById(id);
const cards = new Map(); // login → card
let clockSkew = 0; // milliseconds that the server's clock is ahead of ours

// ---------------------------------------------------------------------------------------------------- small helpers

/** Make an element: h("button", {class: "x", onclick: f}, "text", child). Text is always text, never HTML. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Make the children of `parent` the elements of `wanted`, moving and removing, never rebuilding. */
function arrange(parent, wanted) {
  wanted.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

async function ask(path, body, message) {
  message.hidden = true;
  try {
    const answer = await fetch(API + path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.ok) return true;
    const refusal = await answer.json().catch(() => ({}));
    message.textContent = refusal.message ?? `The simulator refused (${answer.status}).`;
  } catch {
    message.textContent = "The simulator does not answer.";
  }
  message.hidden = false;
  return false;
}

function duration(since) {
  if (!since) return "";
  const seconds = Math.max(0, Math.floor((Date.now() + clockSkew) / 1000 - since));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// ---------------------------------------------------------------------------------------------------------- a call

class CallView {
  /** `press(action, number)` asks the server; `owner` is said in the accessible names. */
  constructor(owner, press, numberOf) {
    this.owner = owner;
    this.since = null;
    this.with = h("span", { class: "with" });
    this.time = h("span", { class: "time" });
    this.state = h("span", { class: "state-word" });
    this.keys = new Map();
    this.row = h("div", { class: "keys" });
    for (const [action, words, look] of KEYS) {
      const button = h("button", {
        type: "button", class: look, "data-action": action, hidden: true,
        onclick: () => press(action, NEEDS_NUMBER.has(action) ? numberOf() : undefined),
      }, words);
      this.keys.set(action, button);
      this.row.append(button);
    }
    this.element = h("li", { class: "call" }, h("div", { class: "line" }, this.with, this.time), h("div", { class: "line" }, this.state), this.row);
  }

  show(call) {
    this.element.dataset.ref = call.ref;
    this.element.dataset.state = call.state;
    setText(this.with, call.with || "…");
    setText(this.state, (STATE_WORDS[call.state] ?? call.state) + (call.note ? ` (${call.note})` : ""));
    this.since = call.since;
    this.tick();
    for (const [action, button] of this.keys) {
      button.hidden = !call.actions.includes(action);
      const words = KEYS.find(([name]) => name === action)[1].replace(" …", " the number in the dial field");
      button.setAttribute("aria-label", `${words}, ${this.owner}, call with ${call.with || "no one yet"}`);
    }
  }

  tick() {
    setText(this.time, duration(this.since));
  }
}

function showCalls(views, list, calls, make) {
  const wanted = [];
  for (const call of calls) {
    let view = views.get(call.key);
    if (!view) views.set(call.key, (view = make(call.key)));
    view.show(call);
    wanted.push(view.element);
  }
  const kept = new Set(calls.map((call) => call.key));
  for (const key of [...views.keys()]) if (!kept.has(key)) views.delete(key);
  arrange(list, wanted);
}

// --------------------------------------------------------------------------------------------------------- a phone

class Card {
  constructor(phone) {
    this.login = phone.login;
    this.calls = new Map();
    this.refs = new Map();
    const named = (words) => `${words}, ${phone.number} ${phone.name}`;
    this.message = h("p", { class: "message", role: "alert", hidden: true });
    this.number = h("p", { class: "number" }, phone.number);
    this.name = h("p", { class: "name" });
    this.note = h("p", { class: "note" });
    this.state = h("span", { class: "state" });
    this.badges = h("div", { class: "badges" });
    this.list = h("ul", { class: "calls", "aria-label": named("Calls") });
    this.idle = h("p", { class: "screen-idle" });
    this.field = h("input", {
      name: "callee", inputmode: "tel", placeholder: "number", autocomplete: "off", "aria-label": named("Number to dial"),
    });
    this.lift = h("button", { type: "button", "aria-label": named("Lift"), onclick: () => this.toggleLift() }, "Lift");
    this.dial = h("button", { type: "submit", class: "primary", "aria-label": named("Dial") }, "Dial");
    this.form = h("form", { class: "dial", "aria-label": named("Dialling"), onsubmit: (event) => this.onDial(event) }, this.lift, this.field, this.dial);
    this.dnd = h("input", {
      type: "checkbox", "aria-label": named("Do not disturb"), onchange: () => this.ask("do_not_disturb", { on: this.dnd.checked }),
    });
    this.forwardTo = h("input", {
      name: "number", inputmode: "tel", placeholder: "to", autocomplete: "off", "aria-label": named("Forward to number"),
    });
    this.condition = h("select", { name: "condition", "aria-label": named("Forward when") },
      ...[["immediate", "always"], ["busy", "busy"], ["no_answer", "no answer"], ["busy_no_answer", "busy, no answer"]]
        .map(([value, words]) => h("option", { value }, words)));
    this.setForward = h("button", { type: "submit", "aria-label": named("Set forward") }, "Set");
    this.cancelForward = h("button", {
      type: "button", hidden: true, "aria-label": named("Cancel forward"), onclick: () => this.ask("cancel_forward", {}),
      title: "Cancel forward",
    }, "✕");
    const forward = h("form", { "aria-label": named("Forward"), onsubmit: (event) => this.onForward(event) },
      this.forwardTo, this.condition, this.setForward, this.cancelForward);
    this.element = h("article", { class: "card", "data-login": phone.login, "data-number": phone.number, "aria-label": `Phone ${phone.number} ${phone.name}` },
      h("div", { class: "top" }, h("span", { class: "lamp", "aria-hidden": "true" }), h("div", { class: "who" }, this.number, this.name, this.note), this.state),
      this.badges, this.idle, this.list, this.form, this.message, h("div", { class: "routing" }, h("label", {}, this.dnd, "DND"), forward));
    this.show(phone);
  }

  ask(action, body) {
    return ask(`/${encodeURIComponent(this.login)}/${action}`, body, this.message);
  }

  onDial(event) {
    event.preventDefault();
    const number = this.field.value.trim();
    if (!number) {
      this.message.textContent = "Type a number to dial.";
      this.message.hidden = false;
      this.field.focus();
      return;
    }
    this.ask("dial", { number }).then((done) => { if (done) this.field.value = ""; });
  }

  onForward(event) {
    event.preventDefault();
    const number = this.forwardTo.value.trim();
    this.ask("forward", { number, condition: this.condition.value });
  }

  press(key, action, number) {
    const call = this.refs.get(key);
    if (!call) return;
    if (number === "") {
      this.message.textContent = "Type the number into the dial field first.";
      this.message.hidden = false;
      this.field.focus();
      return;
    }
    this.ask("call", { ref: call.ref, action, number }).then((done) => { if (done && number) this.field.value = ""; });
  }

  /** Lifting answers what rings; else the phone waits for a number. Putting it back hangs up. */
  toggleLift() {
    const ringing = this.phone.calls.find((call) => call.actions.includes("answer") && call.state === "ringing_incoming");
    const talking = this.phone.calls.find((call) => call.actions.includes("hang_up") && call.state !== "held");
    if (ringing) this.ask("call", { ref: ringing.ref, action: "answer" });
    else if (talking) this.ask("call", { ref: talking.ref, action: "hang_up" });
    else {
      const lifted = this.phone.state === "lifted";
      this.ask("off_hook", { on: !lifted });
      if (!lifted) this.field.focus();
    }
  }

  show(phone) {
    this.phone = phone;
    const state = phone.state;
    const lifted = state === "lifted";
    this.element.dataset.state = state;
    setText(this.number, phone.number);
    setText(this.name, phone.name);
    setText(this.note, phone.note ?? "");
    this.note.hidden = !phone.note;
    setText(this.state, STATE_WORDS[state] ?? state);
    const ringing = phone.state === "ringing_incoming";
    const off = lifted || (phone.calls.length > 0 && !ringing);
    setText(this.lift, off ? "Put back" : "Lift");
    this.lift.setAttribute("aria-label", `${off ? "Put back" : "Lift"}, ${phone.number} ${phone.name}`);
    setText(this.idle, lifted ? "Dial tone: type a number" : phone.idle_text ?? "Ready");
    this.idle.hidden = phone.calls.length > 0;
    this.refs = new Map(phone.calls.map((call) => [call.key, call]));
    showCalls(this.calls, this.list, phone.calls,
      (key) => new CallView(`${phone.number} ${phone.name}`, (action, number) => this.press(key, action, number), () => this.field.value.trim()));
    this.list.hidden = phone.calls.length === 0;
    this.dnd.checked = phone.do_not_disturb;
    const forward = phone.forward;
    this.cancelForward.hidden = !forward;
    if (document.activeElement !== this.forwardTo && document.activeElement !== this.condition) {
      this.forwardTo.value = forward?.number ?? this.forwardTo.value;
      if (forward) this.condition.value = forward.condition;
    }
    const badges = [];
    if (phone.do_not_disturb) badges.push(["dnd", "do not disturb"]);
    if (forward) badges.push(["", `→ ${forward.words}`]);
    if (phone.missed) badges.push(["", `${phone.missed} missed`]);
    if (phone.voicemails) badges.push(["", `${phone.voicemails} voicemail${phone.voicemails > 1 ? "s" : ""}`]);
    const wanted = JSON.stringify(badges);
    if (this.shownBadges !== wanted) {
      this.shownBadges = wanted;
      this.badges.replaceChildren(...badges.map(([look, words]) => h("span", { class: `badge ${look}` }, words)));
    }
    this.badges.hidden = badges.length === 0;
  }

  tick() {
    for (const view of this.calls.values()) view.tick();
  }

  matches(words, busyOnly) {
    if (busyOnly && !this.phone.calls.length) return false;
    const text = `${this.phone.number} ${this.phone.name} ${this.phone.note ?? ""} ${this.phone.state} ${STATE_WORDS[this.phone.state] ?? ""} ${this.phone.calls.map((call) => call.with).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}

// ----------------------------------------------------------------------------------------------------- the outside

const outsideCalls = new Map();
let outsideRefs = new Map();

function showOutside(calls) {
  outsideRefs = new Map(calls.map((call) => [call.key, call]));
  const press = (key, action) => {
    const call = outsideRefs.get(key);
    if (call) ask("/outside/call", { ref: call.ref, number: call.number, action }, $("outside-message"));
  };
  showCalls(outsideCalls, $("outside-calls"), calls.map((call) => ({ ...call, with: `${call.name || call.number} ↔ ${call.with || "…"}` })),
    (key) => new CallView("outside world", (action) => press(key, action), () => ""));
  $("outside-none").hidden = calls.length > 0;
}

$("outside-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  ask("/outside/ring", { from: form.get("from").trim(), to: form.get("to").trim(), name: form.get("name").trim() }, $("outside-message"));
});

// ------------------------------------------------------------------------------------------------- what the server says

function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const card of cards.values()) {
    // a card that is being used stays, whatever the filter says
    const visible = card.matches(words, $("busy-only").checked) || card.element.contains(document.activeElement);
    card.element.hidden = !visible;
    if (visible) shown += 1;
  }
  $("no-match").hidden = shown > 0 || cards.size === 0;
}
$("filter").addEventListener("input", filter);
$("busy-only").addEventListener("change", filter);

function showPhones(phones, all) {
  for (const phone of phones) {
    const card = cards.get(phone.login);
    if (card) card.show(phone);
    else cards.set(phone.login, new Card(phone));
  }
  if (all) {
    const logins = new Set(phones.map((phone) => phone.login));
    for (const login of [...cards.keys()]) if (!logins.has(login)) cards.delete(login);
    arrange($("phones"), phones.map((phone) => cards.get(phone.login).element));
  }
  filter();
}

function connection(state, words) {
  $("connection").dataset.state = state;
  setText($("connection"), words);
}

const stream = new EventSource(`${API}/events`);
stream.addEventListener("state", (event) => {
  const state = JSON.parse(event.data);
  clockSkew = state.now * 1000 - Date.now();
  if (state.phones) showPhones(state.phones, state.all);
  if (state.outside) showOutside(state.outside);
  connection("live", "live");
});
stream.addEventListener("error", () => connection("lost", "the simulator does not answer; trying again …"));

setInterval(() => {
  for (const card of cards.values()) card.tick();
  for (const view of outsideCalls.values()) view.tick();
}, 1000);
