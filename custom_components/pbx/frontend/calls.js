// A call in a list of calls: who it is, how long it has lasted, and the buttons for what it offers now.

import { button, h, isBusy, reconcile, setAttribute, setBusy, setText, show } from "./dom.js";
import { duration } from "./feed.js";
import { keys } from "./people.js";
import { TransferPanel, drag, dragged, dropTarget, sends } from "./transfer.js";
import { numberOf, partiesOf } from "./words.js";

// In this order. What a call offers and is not here belongs to the panels below it.
const BUTTONS = [
  ["answer", "mdi:phone", "good"],
  ["redirect_to_voicemail", "mdi:voicemail", ""],
  ["hold", "mdi:pause", ""],
  ["retrieve", "mdi:play", ""],
  ["alternate", "mdi:swap-horizontal", ""],
  ["reconnect", "mdi:undo-variant", ""],
  ["merge", "mdi:account-multiple-plus", ""],
  ["park", "mdi:parking", ""],
  ["start_recording", "mdi:record-rec", ""],
  ["pause_recording", "mdi:pause-circle-outline", ""],
  ["resume_recording", "mdi:record-circle-outline", ""],
  ["stop_recording", "mdi:stop-circle-outline", ""],
];
const ENDS = [
  ["hang_up", "mdi:phone-hangup", "bad"],
  ["end", "mdi:phone-off", ""],
];

/**
 * The calls of one line.
 * @typedef {{t: any, hass: () => any, now: () => number, run: (button: Element | null, line: string, command: string, fields?: object) => Promise<boolean>}} Context
 */
export class Calls {
  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.element = h("ul", { class: "calls", tabindex: "-1" });
  }

  /** @param {import("./feed.js").Line} line */
  update(line, { online, hides }) {
    const { t } = this.context;
    setAttribute(this.element, "aria-label", t("calls_of", { name: line.name }));
    const inside = this.element.contains(this.element.getRootNode().activeElement);
    reconcile(this.element, line.calls, (call) => call.id, () => new CallRow(this.context));
    for (const call of line.calls) this.element.rows.get(call.id).take(line, call, { online, hides });
    // Where the call is gone in which the focus was, it goes to the list and not to the top of the page.
    if (inside && !this.element.contains(this.element.getRootNode().activeElement)) this.element.focus();
    show(this.element, line.calls.length > 0);
  }

  tick() {
    for (const row of this.element.rows?.values() ?? []) row.tick();
  }
}

class CallRow {
  #context;
  #line;
  #call;
  #hides = false;
  #buttons = new Map();
  #panel = null;
  #panelKind = "";

  constructor(context) {
    this.#context = context;
    const { t } = context;
    this.party = h("span", { class: "party" });
    this.number = h("span", { class: "quiet" });
    this.state = h("span");
    this.timer = h("span", { class: "timer", "aria-hidden": "true" });
    this.actions = h("div", { class: "actions" });
    this.element = h("li", { class: "call", on: { dragstart: (event) => this.#drag(event), dragend: () => this.#dropped() } },
      h("div", { class: "top" }, h("div", {}, this.party, " ", this.number), this.timer),
      h("div", { class: "state quiet small" }, h("span", { class: "dot" }), this.state),
      this.actions);
    for (const [name, image, kind] of BUTTONS) this.#add(name, image, kind, name === "answer");
    this.#toggle("transfer", "mdi:phone-forward", () => this.#transferPanel());
    this.#toggle("keypad", "mdi:dialpad", () => this.#keypad());
    for (const [name, image, kind] of ENDS) this.#add(name, image, kind, name === "hang_up");
    dropTarget(this.element, (dropped) => this.#join(dropped));
    this.element.title = "";
    this.t = t;
  }

  #add(name, image, kind, text) {
    const { t } = this.#context;
    const one = button({ icon: image, label: t(name), kind, text, on: () => this.#do(one, name) });
    one.dataset.command = name;
    this.#buttons.set(name, one);
    this.actions.append(one);
  }

  #toggle(name, image, make) {
    const { t } = this.#context;
    const one = button({ icon: image, label: t(name), on: () => this.#openPanel(this.#panelKind === name ? "" : name, make) });
    one.dataset.command = name;
    this.#buttons.set(name, one);
    this.actions.append(one);
  }

  update() {}

  /** Show a call as it is now. */
  take(line, call, { online, hides }) {
    const { t } = this.#context;
    this.#line = line;
    this.#call = call;
    this.#hides = hides;
    const actions = online ? call.actions : [];
    const name = partiesOf(t, call, hides);
    setText(this.party, name);
    setText(this.number, hides ? "" : numberOf(call));
    const words = [t(call.state)];
    if (call.direction === "incoming" && call.called && call.called !== line.name) words.push(t("called", { name: call.called }));
    if (call.recording) words.push(t(call.recording));
    setText(this.state, words.join(" · "));
    setAttribute(this.element, "data-state", call.state);
    const others = line.calls.filter((one) => one.id !== call.id);
    const offered = new Set(actions);
    const can = (action) => offered.has(action) && (action !== "merge" || others.length === 1);
    for (const [action] of [...BUTTONS, ...ENDS]) show(this.#buttons.get(action), can(action) && !(action === "end" && call.parties.length < 2));
    if (offered.has("end") && !offered.has("hang_up")) show(this.#buttons.get("end"), true);
    const hangUp = this.#buttons.get("hang_up");
    setText(hangUp.querySelector("span"), t(call.state === "ringing_incoming" ? "reject" : "hang_up"));
    const moves = sends({ actions }) !== null || (offered.has("transfer") && others.length > 0);
    show(this.#buttons.get("transfer"), moves);
    setAttribute(this.#buttons.get("transfer"), "aria-label", t("transfer"));
    show(this.#buttons.get("keypad"), offered.has("send_dtmf"));
    setAttribute(this.element, "draggable", moves ? "true" : null);
    this.element.title = moves ? t("drag") : "";
    if (this.#panelKind === "transfer" && !moves && dragged === null) this.#openPanel("");
    if (this.#panelKind === "keypad" && !offered.has("send_dtmf")) this.#openPanel("");
    this.#panel?.update?.();
    this.#time();
  }

  tick() {
    this.#time();
    this.#panel?.tick?.();
  }

  #time() {
    const since = this.#call.answered_at ?? this.#call.started_at;
    setText(this.timer, since === null ? "" : duration(this.#context.now() - since));
  }

  async #do(one, name) {
    const others = this.#line.calls.filter((other) => other.id !== this.#call.id);
    const fields = name === "merge" ? { to: others[0]?.id } : {};
    await this.#run(one, name, fields);
  }

  #run(one, name, fields = {}) {
    if (one !== null && isBusy(one)) return Promise.resolve(false);
    return this.#context.run(one, this.#line.key, name, { call: this.#call.id, ...fields });
  }

  // ------------------------------------------------------------------------------------------------------- panels

  #openPanel(kind, make = () => null) {
    this.#panel?.element.remove();
    this.#panel = null;
    this.#panelKind = kind;
    for (const name of ["transfer", "keypad"]) setAttribute(this.#buttons.get(name), "aria-expanded", String(kind === name));
    if (kind === "") return;
    this.#panel = make();
    this.element.append(this.#panel.element);
    this.#panel.focus?.();
  }

  #keypad() {
    const { t } = this.#context;
    const sent = h("output", { class: "quiet" });
    let [waiting, sending] = ["", false];
    // One after another: sent at the same time, they might arrive in another order than they were pressed in.
    const press = async (key) => {
      waiting += key;
      if (sending) return;
      sending = true;
      while (waiting !== "") {
        const digits = waiting;
        waiting = "";
        if (await this.#run(null, "send_dtmf", { digits })) sent.textContent += digits;
        else waiting = "";
      }
      sending = false;
    };
    const pad = keys(t, press, (key) => t("tone", { key }), t("keypad"));
    const element = h("div", { class: "panel tones", on: { keydown: (event) => {
      if (/^[0-9*#]$/.test(event.key)) press(event.key);
      if (event.key === "Escape") this.#close("keypad", event);
    } } }, sent, pad);
    return { element, focus: () => pad.querySelector("button").focus() };
  }

  #close(kind, event) {
    event.stopPropagation();
    this.#openPanel("");
    this.#buttons.get(kind).focus();
  }

  /** Close the panel where what it is for has been done; the focus does not get lost with it. */
  #leave(kind) {
    const inside = this.#panel?.element.contains(this.element.getRootNode().activeElement);
    this.#openPanel("");
    if (inside) this.#buttons.get(kind).focus();
  }

  #transferPanel() {
    return new TransferPanel(this.#context, {
      line: () => this.#line, call: () => this.#call, hides: () => this.#hides, run: (name, fields) => this.#run(null, name, fields),
      done: () => this.#leave("transfer"), escape: (event) => this.#close("transfer", event),
    });
  }

  // --------------------------------------------------------------------------------------------------------- dragging

  #drag(event) {
    const asks = this.#panel?.asks ?? false;
    drag({ line: this.#line, call: this.#call, asks, run: (name, fields) => this.#run(null, name, fields) });
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", partiesOf(this.t, this.#call, this.#hides));
    // Another call is what this one is most likely dropped on, and it is not to move away under the pointer.
    if (this.#panelKind === "transfer" || this.#line.calls.length > 1) return;
    // Not at once: a page that changes while a drag begins ends it.
    setTimeout(() => dragged && this.#openPanel("transfer", () => this.#transferPanel()));
  }

  #dropped() {
    drag(null);
    if (this.#panelKind === "transfer") this.#openPanel("");
  }

  #join(dropped) {
    if (dropped.line.key !== this.#line.key || dropped.call.id === this.#call.id || !dropped.call.actions.includes("transfer")) return null;
    return () => dropped.run("transfer", { to: this.#call.id });
  }
}

/** Run a command for a button: it cannot be pressed again until the answer is there. Returns whether it was carried out. */
export async function running(one, act, say) {
  if (one !== null) setBusy(one, true);
  try {
    await act();
    say("");
    return true;
  } catch (error) {
    say(error.message);
    return false;
  } finally {
    if (one !== null) setBusy(one, false);
  }
}
