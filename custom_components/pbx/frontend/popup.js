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

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE, POPUP_STYLE];
    root.append(this.#list);
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
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
    const open = this.matches(":popover-open");
    if (shown.length && !open) this.showPopover();
    if (!shown.length && open) this.hidePopover();
    const fresh = shown.find((one) => !this.#seen.has(one.call.id));
    this.#seen = there;
    // Whoever is typing is not to press anything here with the next letter.
    if (fresh && !held && !isTyping()) this.#list.rows.get(fresh.call.id).focus();
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
      redirect_to_voicemail: act("redirect_to_voicemail", "mdi:voicemail", "", "redirect_to_voicemail"),
      hang_up: act("hang_up", "mdi:phone-hangup", "bad", "reject"),
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

function isTyping() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active !== null && (active.matches?.("input, textarea, select, [contenteditable]") ?? false);
}

/** The pop-up of this page. */
export function popup() {
  let found = document.querySelector("body > pbx-popup");
  if (found === null) document.body.append((found = document.createElement("pbx-popup")));
  return found;
}

if (!customElements.get("pbx-popup")) customElements.define("pbx-popup", Popup);
