// To whom a call is sent: at once, or after asking first; by tap, by name or number, or by dropping the call on someone.

import { button, h, reconcile, setAttribute, show } from "./dom.js";
import { search } from "./feed.js";
import { NumberField, personRow } from "./people.js";
import { partiesOf } from "./words.js";

// Seconds after which the people in the list are looked at again.
const EVERY = 3;

/** What is being dragged, which the page may not read from the drag itself before it is dropped. */
export let dragged = null;

/** @param {{line: any, call: any, asks: boolean, run: (name: string, fields: object) => Promise<boolean>} | null} what */
export function drag(what) {
  dragged = what;
}

/** The command that sends a call to a number, if it offers one now; `asks` is for who wants to speak to them first. */
export const sends = (call, asks = false) =>
  (asks ? ["consult"] : ["blind_transfer", "redirect", "consult"]).find((one) => call.actions.includes(one)) ?? null;

/** Let something take calls that are dropped on it. `takes` says for a dragged call what to do, or null. */
export function dropTarget(element, takes) {
  element.classList.add("target");
  const over = (event) => {
    if (dragged === null || takes(dragged) === null) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.add("over");
  };
  element.addEventListener("dragenter", over);
  element.addEventListener("dragover", over);
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    element.classList.remove("over");
    const act = dragged === null ? null : takes(dragged);
    if (act === null) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

export class TransferPanel {
  #context;
  #what;
  #ticks = 0;
  /** Whether to speak to them before the call is theirs. */
  asks = false;

  /**
   * @param {import("./calls.js").Context} context
   * @param {{line: () => any, call: () => any, hides: () => boolean, run: (name: string, fields: object) => Promise<boolean>,
   *   done: () => void, escape: (event: Event) => void}} what
   */
  constructor(context, what) {
    this.#context = context;
    this.#what = what;
    const { t, hass } = context;
    this.now = button({ icon: "mdi:phone-forward", label: t("transfer_now"), text: true, on: () => this.#choose(false) });
    this.ask = button({ icon: "mdi:account-question", label: t("ask_first"), text: true, on: () => this.#choose(true) });
    this.how = h("div", { class: "chips", role: "group", "aria-label": t("transfer_how") }, this.now, this.ask);
    this.others = h("ul", { class: "people" });
    this.people = h("ul", { class: "people", "aria-label": t("transfer_to") });
    this.field = new NumberField({ t, label: t("transfer_to"), hass, line: () => what.line().key, onSubmit: (number) => this.#send(number) });
    this.field.onUnclear = () => context.say(t("choose_one"));
    this.field.onInput = () => show(this.people, this.field.value === "");
    this.go = button({ icon: "mdi:phone-forward", label: t("transfer_call", { name: this.#name(what.call()) }), kind: "on", on: () => {
      if (!this.field.submit()) this.field.onUnclear();
    } });
    this.go.dataset.command = "send";
    this.field.field.append(this.go);
    this.element = h("div", { class: "panel", role: "group", "aria-label": t("transfer_call", { name: this.#name(what.call()) }),
      on: { keydown: (event) => event.key === "Escape" && what.escape(event) } }, this.others, this.how, this.field.element, this.people);
    this.update();
    this.#look();
  }

  /** Offer the first people, as they are now: nobody shall be sent a call because they were free a while ago. */
  #look() {
    search(this.#context.hass(), this.#what.line().key, "").then(({ people }) => this.#offer(people), () => {});
  }

  tick() {
    this.#ticks += 1;
    if (this.#ticks % EVERY === 0 && !this.people.hidden) this.#look();
  }

  #name(call) {
    return partiesOf(this.#context.t, call, this.#what.hides());
  }

  #choose(asks) {
    this.asks = asks;
    this.update();
  }

  async #send(number) {
    const command = sends(this.#what.call(), this.asks);
    if (command !== null && (await this.#what.run(command, { number }))) this.#what.done();
  }

  #offer(people) {
    const { t } = this.#context;
    reconcile(this.people, people, (one) => one.number, (one) => {
      const choose = () => this.#send(one.number);
      const row = personRow(t, one, { role: "button", tabindex: "0" }, {
        click: choose,
        keydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()),
      }, "div");
      const item = h("li", {}, row.element);
      dropTarget(item, (drag) => (drag.call.id === this.#what.call().id && sends(drag.call, this.asks) ? choose : null));
      return { element: item, update: row.update };
    });
  }

  #otherCall(call) {
    const one = button({ icon: "mdi:transit-connection-variant", label: this.#context.t("connect_with", { name: this.#name(call) }), text: true,
      on: async () => {
        if (await this.#what.run("transfer", { to: call.id })) this.#what.done();
      } });
    return { element: h("li", {}, one), update: () => {} };
  }

  update() {
    const call = this.#what.call();
    const joined = call.actions.includes("transfer") ? this.#what.line().calls.filter((one) => one.id !== call.id) : [];
    reconcile(this.others, joined, (one) => one.id, (one) => this.#otherCall(one));
    show(this.others, joined.length > 0);
    // Where there is only one way, there is nothing to choose.
    const [now, ask] = [sends(call) !== null && sends(call) !== "consult", sends(call, true) !== null];
    if (now !== ask) this.asks = ask;
    show(this.how, now && ask);
    for (const [one, asks] of [[this.now, false], [this.ask, true]]) setAttribute(one, "aria-pressed", String(asks === this.asks));
    for (const part of [this.field.element, this.people]) show(part, (now || ask) && (part !== this.people || this.field.value === ""));
  }

  focus() {
    // A call that is to be connected with another one most likely waits for just that.
    if (dragged === null) (this.others.querySelector("button") ?? this.field.input).focus();
  }
}
