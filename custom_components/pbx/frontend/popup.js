// What comes up when a call rings on a line of a card: who it is, and what can be done. One for the whole page.

import { button, h, reconcile, setText, show } from "./dom.js";
import { running } from "./calls.js";
import { POPUP_STYLE, STYLE } from "./style.js";
import { numberOf, partiesOf } from "./words.js";

/** @typedef {{line: import("./feed.js").Line, call: import("./feed.js").Call, hides: boolean, t: any, run: (command: string) => Promise<void>}} Ringing */

class Popup extends HTMLElement {
  /** @type {Map<object, Ringing[]>} */
  #owners = new Map();
  /** Calls that someone does not want to be shown any more. */
  #dismissed = new Set();
  #list = h("div");
  #seen = new Set();
  /** What had the focus before the pop-up took it. */
  #before = null;
  #watch = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE, POPUP_STYLE];
    root.append(this.#list);
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      // Neither a dialog that the pop-up lies on is to close, nor anything else.
      event.stopPropagation();
      event.preventDefault();
      for (const one of this.#ringing()) this.#dismissed.add(one.call.id);
      this.#draw();
    });
  }

  connectedCallback() {
    this.setAttribute("popover", "manual");
  }

  /** Show these calls for a card; the same call on two cards is shown once. */
  set(owner, ringing) {
    if (ringing.length) this.#owners.set(owner, ringing);
    else if (!this.#owners.delete(owner)) return;
    this.#draw();
  }

  #ringing() {
    const found = new Map();
    for (const ringing of this.#owners.values()) for (const one of ringing) found.set(one.call.id, one);
    return [...found.values()];
  }

  #draw() {
    const all = this.#ringing();
    const there = new Set(all.map((one) => one.call.id));
    this.#dismissed = this.#dismissed.intersection(there);
    const shown = all.filter((one) => !this.#dismissed.has(one.call.id));
    const held = this.#list.contains(this.shadowRoot.activeElement);
    reconcile(this.#list, shown, (one) => one.call.id, (one) => this.#make(one));
    if (shown.length) this.#open();
    else this.#close();
    const fresh = shown.find((one) => !this.#seen.has(one.call.id));
    this.#seen = there;
    if (held && this.shadowRoot.activeElement === null) {
      // The call is over that had the focus: to the next one, or back to where it came from.
      if (shown.length) this.#list.rows.get(shown[0].call.id).focus();
      else if (this.#before?.isConnected) this.#before.focus({ preventScroll: true });
    } else if (fresh && !held && !isTyping()) {
      // (Whoever is typing is not to press anything here with the next letter.)
      this.#before = focused();
      this.#list.rows.get(fresh.call.id).focus();
    }
  }

  #open() {
    this.#rise();
    this.#watch ||= setInterval(() => this.#rise(), 300);
  }

  #close() {
    clearInterval(this.#watch);
    this.#watch = 0;
    if (this.matches(":popover-open")) this.hidePopover();
  }

  /** Be on top of everything. While a dialog is open, nothing outside of it can be pressed, so the pop-up is in it. */
  #rise() {
    const home = topDialog() ?? document.body;
    if (this.parentNode !== home) {
      const held = this.shadowRoot.activeElement;
      home.append(this);
      this.showPopover();
      held?.focus({ preventScroll: true });
    } else if (!this.matches(":popover-open")) this.showPopover();
  }

  #make({ t, call }) {
    const party = h("div", { class: "party", id: `party-${call.id}` });
    const number = h("div", { class: "quiet" });
    const heading = h("div", { class: "state", "data-state": "ringing_incoming" }, h("span", { class: "dot" }), h("span", { text: t("ringing_incoming") }));
    const to = h("span", { class: "quiet" });
    heading.append(to);
    const error = h("div", { class: "error", role: "alert", hidden: true });
    let newest;
    const say = (text) => {
      setText(error, text);
      show(error, text !== "");
    };
    const act = (name, image, kind, text) => {
      const one = button({ icon: image, label: t(text), kind, text: true, on: () => running(one, () => newest.run(name), say) });
      one.dataset.command = name;
      return one;
    };
    const actions = {
      answer: act("answer", "mdi:phone", "good", "answer"),
      hang_up: act("hang_up", "mdi:phone-hangup", "bad", "reject"),
      redirect_to_voicemail: act("redirect_to_voicemail", "mdi:voicemail", "", "redirect_to_voicemail"),
    };
    const dismiss = button({ icon: "mdi:close", label: t("dismiss"), on: () => {
      this.#dismissed.add(newest.call.id);
      this.#draw();
    } });
    const element = h("div", { class: "pop", role: "alertdialog", "aria-labelledby": party.id, tabindex: "-1" },
      h("div", { class: "head" }, h("div", { class: "who" }, heading), dismiss),
      h("div", {}, party, number), h("div", { class: "actions" }, ...Object.values(actions)), error);
    return {
      element,
      focus: () => (actions.answer.hidden ? element : actions.answer).focus({ preventScroll: true }),
      update(one) {
        newest = one;
        setText(party, partiesOf(one.t, one.call, one.hides));
        setText(number, one.hides ? "" : numberOf(one.call));
        setText(to, `· ${one.line.name}`);
        for (const [name, element] of Object.entries(actions)) show(element, one.call.actions.includes(name));
      },
    };
  }
}

/** What has the focus, however deep it lies. */
function focused() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
}

function isTyping() {
  return focused()?.matches("input, textarea, select, [contenteditable]") ?? false;
}

/** The modal dialog that is open, if any; of several, the one with the focus. */
function topDialog() {
  const found = [...modals(document)];
  const inside = (dialog) => {
    for (let one = focused(); one; one = one.parentNode ?? one.host) if (one === dialog) return true;
    return false;
  };
  return found.findLast(inside) ?? found.at(-1) ?? null;
}

function* modals(root) {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches("dialog:modal")) yield element;
    if (element.shadowRoot) yield* modals(element.shadowRoot);
  }
}

let only = null;

/** The pop-up of this page. */
export function popup() {
  only ??= document.createElement("pbx-popup");
  if (!only.isConnected) document.body.append(only);
  return only;
}

if (!customElements.get("pbx-popup")) customElements.define("pbx-popup", Popup);
