// Where the calls of a line are forwarded, and the form that changes it.

import { button, h, setAttribute, setText, show } from "./dom.js";
import { NumberField } from "./people.js";

const WHEN = { immediate: "immediate", busy: "busy_when", no_answer: "no_answer", busy_no_answer: "busy_no_answer" };

export class Forwarding {
  #line;
  #card;
  #field = null;

  constructor(card, line) {
    this.#card = card;
    this.#line = line;
    const { t } = card;
    this.button = button({ icon: "mdi:phone-forward-outline", label: t("forward"), on: () => this.#open(this.panel.hidden) });
    this.button.dataset.command = "forward";
    setAttribute(this.button, "aria-expanded", "false");
    this.words = h("div", { class: "quiet small", hidden: true });
    this.when = /** @type {HTMLSelectElement} */ (
      h("select", { "aria-label": t("forward_when") }, ...Object.entries(WHEN).map(([value, key]) => h("option", { value, text: t(key) })))
    );
    this.voicemail = button({ icon: "mdi:voicemail", label: t("forward_voicemail"), text: true, on: () => this.#send(this.voicemail, { target: "voicemail" }) });
    this.set = button({ icon: "mdi:check", label: t("forward_set"), text: true, kind: "on", on: () => this.#submit() });
    this.stop = button({ icon: "mdi:close", label: t("forward_stop"), text: true, on: () => this.#do(this.stop, "cancel_forward") });
    this.panel = h("div", { class: "panel", role: "group", "aria-label": t("forward"), hidden: true, on: { keydown: (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#open(false);
      this.button.focus();
    } } });
  }

  #open(open) {
    const { t } = this.#card;
    show(this.panel, open);
    setAttribute(this.button, "aria-expanded", String(open));
    if (!open) return;
    const line = this.#line();
    this.#field = new NumberField({ t, label: t("forward_to"), hass: () => this.#card.hass, line: () => this.#line().key,
      value: line.forward?.number ?? line.forward_number, onSubmit: (number) => this.#send(this.set, { target: "number", number }) });
    this.#field.onUnclear = () => this.#card.say(t("choose_one"));
    this.when.value = line.forward && line.forward.condition in WHEN ? line.forward.condition : "immediate";
    this.panel.replaceChildren(this.#field.element, this.when, h("div", { class: "actions", style: "margin: 0" }, this.set, this.voicemail, this.stop));
    this.#field.input.focus();
  }

  #submit() {
    if (!this.#field.submit()) this.#card.say(this.#card.t("choose_one"));
  }

  #send(one, fields) {
    return this.#do(one, "set_forward", { condition: this.when.value, ...fields });
  }

  async #do(one, name, fields = {}) {
    if (!(await this.#card.run(one, this.#line().key, name, fields))) return;
    const inside = this.panel.contains(this.panel.getRootNode().activeElement);
    this.#open(false);
    if (inside) this.button.focus();
  }

  /** @param {import("./feed.js").Line} line */
  update(line, possible, online) {
    const { t } = this.#card;
    show(this.button, possible);
    this.button.classList.toggle("set", line.forward !== null);
    if (!possible && !this.panel.hidden) this.#open(false);
    show(this.voicemail, line.can.includes("voicemail"));
    show(this.stop, line.forward !== null);
    const words = line.forward === null ? "" : [
      line.forward.target === "voicemail" ? t("forwarded_voicemail") : t("forwarded", { number: line.forward.number ?? "?" }),
      line.forward.condition in WHEN ? t(WHEN[line.forward.condition]) : "",
    ].filter(Boolean).join(" · ");
    setText(this.words, words);
    show(this.words, online && words !== "");
  }
}
