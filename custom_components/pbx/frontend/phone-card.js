// The card of one or several lines: their calls, do not disturb and forward, and a dial pad.

import { LinesElement } from "./base.js";
import { Calls } from "./calls.js";
import { button, h, reconcile, setAttribute, setText, show } from "./dom.js";
import { command } from "./feed.js";
import { DialPad } from "./people.js";
import { popup } from "./popup.js";
import { Forwarding } from "./routing.js";
import { partiesOf } from "./words.js";

const SPOKEN = { ringing_incoming: "announce_incoming", active: "announce_active", held: "announce_held" };

export class PhoneCard extends LinesElement {
  #from = "";
  #known = new Map();
  #wasAway = false;

  check(config) {
    for (const key of ["dial_pad", "routing", "popup"]) {
      if (config[key] !== undefined && typeof config[key] !== "boolean") throw new Error(`“${key}” is true or false.`);
    }
    return { dial_pad: true, routing: true, popup: true, lines: [], ...config };
  }

  get names() {
    return this.config.lines.length ? this.config.lines : null;
  }

  getCardSize() {
    return 3 + 2 * (this.config?.lines.length ?? 1);
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  static getConfigElement() {
    return document.createElement("pbx-phone-card-editor");
  }

  static getStubConfig(hass) {
    // (the device of the PBX itself would be all of its lines)
    const line = Object.values(hass.entities).find((one) =>
      one.platform === "pbx" && one.device_id && hass.devices[one.device_id]?.via_device_id);
    return { lines: line ? [line.device_id] : [] };
  }

  build() {
    const { t } = this;
    this.heading = this.config.title ? h("h2", { text: this.config.title }) : null;
    this.hint = h("div", { class: "quiet", hidden: true });
    this.list = h("div", { class: "lines" });
    this.from = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": t("call_from"), on: { change: () => (this.#from = this.from.value) } }));
    this.pad = new DialPad({
      t, hass: () => this.hass, line: () => this.#dialling()?.key ?? null,
      dial: (number) => this.#dial(number), unclear: () => this.say(t("choose_one")),
    });
    this.dial = h("div", { class: "one-line" }, this.from, this.pad.element);
    return h("ha-card", {}, h("div", { class: "content" }, this.heading, this.away, this.hint, this.list, this.error, this.dial, this.aloud));
  }

  #dialling() {
    const able = this.#able();
    return able.find((line) => line.key === this.#from) ?? able[0] ?? null;
  }

  #able() {
    return this.feed.sorted().filter((line) => line.can.includes("dial") && this.feed.online(line));
  }

  async #dial(number) {
    const line = this.#dialling();
    if (line !== null && (await this.run(this.pad.call, line.key, "dial", { number }))) this.pad.clear();
  }

  update() {
    const { t } = this;
    const lines = this.feed.sorted();
    const hint = this.names === null ? t("choose_a_line") : !this.feed.heard ? t("connecting") : lines.length === 0 ? t("no_lines") : "";
    setText(this.hint, hint);
    show(this.hint, hint !== "");
    reconcile(this.list, lines, (line) => line.key, () => new LinePart(this));
    const able = this.#able();
    show(this.dial, this.config.dial_pad && able.length > 0);
    show(this.from, able.length > 1);
    reconcile(this.from, able, (line) => line.key, (line) => {
      const element = /** @type {HTMLOptionElement} */ (h("option", { value: line.key }));
      return { element, update: (now) => setText(element, [now.name, now.number].filter(Boolean).join(" · ")) };
    });
    if (able.length) this.from.value = this.#dialling().key;
    this.#speak(lines);
    this.#ring(lines);
  }

  #speak(lines) {
    const now = new Map(lines.flatMap((line) => line.calls.map((call) => [call.id, { line, call }])));
    const said = [];
    if (this.feed.heard && this.#wasAway === this.feed.live) {
      if (this.#known.size || this.#wasAway || !this.feed.live) said.push(this.t(this.feed.live ? "announce_back" : "announce_lost"));
      this.#wasAway = !this.feed.live;
    }
    for (const [id, { line, call }] of now) {
      const before = this.#known.get(id);
      if (before?.call.state === call.state || !(call.state in SPOKEN)) continue;
      said.push(this.t(SPOKEN[call.state], { name: partiesOf(this.t, call, this.hides(line)) }));
    }
    for (const [id, { line, call }] of this.#known) {
      if (!now.has(id) && this.feed.live) said.push(this.t("announce_ended", { name: partiesOf(this.t, call, this.hides(line)) }));
    }
    this.#known = now;
    if (said.length) this.announce(said.join(". "));
  }

  #ring(lines) {
    if (!this.config.popup || this.preview || !this.isConnected) return;
    const ringing = lines.filter((line) => this.feed.online(line)).flatMap((line) =>
      line.calls.filter((call) => call.state === "ringing_incoming").map((call) => ({
        line, call, hides: this.hides(line), t: this.t,
        run: (name) => command(this.hass, line.key, name, { call: call.id }),
      })));
    popup().set(this, ringing);
  }

  left() {
    popup().set(this, []);
  }

  hides(line) {
    return this.feed.entries[line.entry]?.hides_callers ?? false;
  }

  tick() {
    for (const part of this.list?.rows?.values() ?? []) part.tick();
  }
}

/** One line: who it is, its state, do not disturb and forward, and its calls. */
class LinePart {
  /** @param {PhoneCard} card */
  constructor(card) {
    this.card = card;
    const { t } = card;
    this.name = h("h3");
    this.state = h("span");
    this.stateBox = h("div", { class: "state quiet" }, h("span", { class: "dot" }), this.state);
    this.disturb = button({ icon: "mdi:minus-circle", label: t("do_not_disturb"), kind: "warn", on: () =>
      card.run(this.disturb, this.line.key, "set_do_not_disturb", { on: !this.line.do_not_disturb }) });
    this.disturb.dataset.command = "do_not_disturb";
    this.answer = button({ icon: "mdi:phone", label: t("answer"), kind: "good", on: () => card.run(this.answer, this.line.key, "answer") });
    this.hangUp = button({ icon: "mdi:phone-hangup", label: t("hang_up"), kind: "bad", on: () => card.run(this.hangUp, this.line.key, "hang_up") });
    this.forwarding = new Forwarding(card, () => this.line);
    this.calls = new Calls({ t, hass: () => card.hass, now: () => card.feed.now, run: card.run, say: card.say });
    this.element = h("section", { class: "one-line" },
      h("div", { class: "head" }, h("div", { class: "who" }, this.name, this.stateBox), this.answer, this.hangUp, this.disturb, this.forwarding.button),
      this.forwarding.words, this.forwarding.panel, this.calls.element);
  }

  /** @param {import("./feed.js").Line} line */
  update(line) {
    this.line = line;
    const { card } = this;
    const { t, feed } = card;
    const online = feed.online(line);
    const can = (feature) => online && line.can.includes(feature);
    setText(this.name, [line.name, line.number].filter(Boolean).join(" · "));
    setAttribute(this.element, "aria-label", line.name);
    setText(this.state, t(online ? line.state : "offline"));
    setAttribute(this.stateBox, "data-state", online ? line.state : "unknown");
    show(this.disturb, card.config.routing && can("do_not_disturb"));
    setAttribute(this.disturb, "aria-pressed", String(line.do_not_disturb === true));
    // A licence that shows no calls can answer them all the same.
    show(this.answer, can("answer") && !line.shows_calls);
    show(this.hangUp, can("hang_up") && !line.shows_calls);
    this.forwarding.update(line, card.config.routing && can("forward"), online);
    this.calls.update(line, { online, hides: card.hides(line) });
  }

  tick() {
    this.calls.tick();
  }
}
