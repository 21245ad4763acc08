// The office board: all lines, filtered and page by page, with answering and hanging up.

import { LinesElement } from "./base.js";
import { button, h, icon, reconcile, setAttribute, setText, show } from "./dom.js";
import { duration } from "./feed.js";
import { dropTarget, sends } from "./transfer.js";
import { partiesOf } from "./words.js";

/** @type {Record<string, (line: import("./feed.js").Line) => boolean>} */
const FILTERS = {
  filter_all: () => true,
  filter_ringing: (line) => line.state === "ringing_incoming",
  active: (line) => ["active", "held", "busy"].includes(line.state),
  filter_free: (line) => line.state === "idle",
  do_not_disturb: (line) => line.do_not_disturb === true,
};
const ICONS = { filter_all: "mdi:account-group", filter_ringing: "mdi:phone-ring", active: "mdi:phone-in-talk", filter_free: "mdi:phone-check", do_not_disturb: "mdi:minus-circle" };

const plain = (text) => text.normalize("NFD").replace(/\p{Mark}/gu, "").toLocaleLowerCase();

export class OfficeCard extends LinesElement {
  #filter = "filter_all";
  #page = 0;
  #area = "";

  check(config) {
    const size = config.page_size ?? 60;
    if (!Number.isInteger(size) || size < 1 || size > 500) throw new Error("“page_size” is a whole number from 1 to 500.");
    if (config.line !== undefined && typeof config.line !== "string") throw new Error("“line” is a device or an entity of your own line.");
    if (config.areas !== undefined && !Array.isArray(config.areas)) throw new Error("“areas” is a list of names of areas.");
    return { ...config, page_size: size };
  }

  getCardSize() {
    return 10;
  }

  getGridOptions() {
    return { columns: "full", min_columns: 6, rows: "auto" };
  }

  static getConfigElement() {
    return document.createElement("pbx-office-card-editor");
  }

  static getStubConfig() {
    return {};
  }

  get own() {
    const { line } = this.config;
    if (!line) return null;
    const { key } = this.ownKey ?? {};
    return key !== undefined ? (this.feed.lines.get(key) ?? null) : null;
  }

  /** The key of the own line, by its device: as the integration identifies it. */
  get ownKey() {
    const device = this.hass.devices[this.hass.entities[this.config.line]?.device_id ?? this.config.line];
    const found = device?.identifiers?.find(([domain]) => domain === "pbx");
    return found ? { key: found[1] } : null;
  }

  build() {
    const { t } = this;
    this.search = /** @type {HTMLInputElement} */ (h("input", { type: "search", placeholder: t("filter"), "aria-label": t("filter"), on: { input: () => this.#turn(0) } }));
    this.areas = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": t("filter_area"), on: { change: () => {
      this.#area = this.areas.value;
      this.#turn(0);
    } } }));
    this.chips = Object.keys(FILTERS).map((name) => {
      const chip = button({ icon: ICONS[name], label: t(name), text: true, on: () => {
        this.#filter = this.#filter === name ? "filter_all" : name;
        this.#turn(0);
      } });
      chip.dataset.filter = name;
      return chip;
    });
    this.hint = h("div", { class: "quiet", hidden: true });
    this.list = h("ul", { class: "board", "aria-label": t("lines_label") });
    this.back = button({ icon: "mdi:chevron-left", label: t("page_back"), on: () => this.#turn(this.#page - 1) });
    this.on = button({ icon: "mdi:chevron-right", label: t("page_on"), on: () => this.#turn(this.#page + 1) });
    this.place = h("span", { role: "status" });
    this.pages = h("div", { class: "pages" }, this.back, this.place, this.on);
    return h("ha-card", {}, h("div", { class: "content" },
      this.config.title ? h("h2", { text: this.config.title }) : null, this.away,
      h("div", { class: "bar" }, h("div", { class: "field" }, this.search), this.areas),
      h("div", { class: "chips", role: "group", "aria-label": t("filter") }, ...this.chips), this.error, this.hint, this.list, this.pages, this.aloud));
  }

  #turn(page) {
    this.#page = page;
    this.update();
  }

  #found() {
    const wanted = plain(this.search.value.trim());
    // By their names, or as the visual editor writes them.
    const areas = (this.config.areas ?? []).map((area) => this.hass.areas?.[area]?.name ?? area);
    const fits = (line) =>
      (!wanted || plain(line.name).includes(wanted) || (line.number ?? "").startsWith(wanted)) &&
      (!this.#area || line.area === this.#area) && (!areas.length || areas.includes(line.area));
    return this.feed.sorted().filter(fits);
  }

  update() {
    const { t } = this;
    const found = this.#found();
    for (const chip of this.chips) {
      const name = chip.dataset.filter;
      setText(chip.querySelector("span"), `${t(name)} (${found.filter(FILTERS[name]).length})`);
      setAttribute(chip, "aria-pressed", String(name === this.#filter));
    }
    const areas = [...new Set([...this.feed.lines.values()].map((line) => line.area).filter((area) => area !== null))].sort();
    reconcile(this.areas, ["", ...areas], (area) => area, (area) => ({ element: h("option", { value: area, text: area || t("areas_all") }), update: () => {} }));
    this.areas.value = this.#area;
    show(this.areas, areas.length > 1);
    const lines = found.filter(FILTERS[this.#filter]);
    const size = this.config.page_size;
    const last = Math.max(0, Math.ceil(lines.length / size) - 1);
    this.#page = Math.min(Math.max(0, this.#page), last);
    const first = this.#page * size;
    const shown = lines.slice(first, first + size);
    reconcile(this.list, shown, (line) => line.key, () => new Row(this));
    show(this.pages, last > 0);
    setText(this.place, t("page", { from: first + 1, to: first + shown.length, total: lines.length }));
    setAttribute(this.back, "aria-disabled", this.#page === 0 ? "true" : null);
    setAttribute(this.on, "aria-disabled", this.#page === last ? "true" : null);
    const hint = !this.feed.heard ? t("connecting") : this.feed.lines.size === 0 ? t("no_lines") : lines.length === 0 ? t("nothing_fits") : "";
    setText(this.hint, hint);
    show(this.hint, hint !== "");
  }

  tick() {
    for (const row of this.list?.rows?.values() ?? []) row.tick();
  }
}

/** One line of the board. */
class Row {
  /** @param {OfficeCard} board */
  constructor(board) {
    this.board = board;
    const { t } = board;
    this.name = h("div", { class: "name" });
    this.what = h("div", { class: "what" });
    this.dnd = icon("mdi:minus-circle");
    this.dnd.className = "mark";
    this.forward = icon("mdi:phone-forward");
    this.forward.className = "mark forward";
    this.answer = button({ icon: "mdi:phone", label: t("answer"), kind: "good", on: () => this.#do(this.answer, "answer") });
    this.hangUp = button({ icon: "mdi:phone-hangup", label: t("hang_up"), kind: "bad soft", on: () => this.#do(this.hangUp, "hang_up") });
    this.call = button({ icon: "mdi:phone-outline", label: t("call"), on: () => board.run(this.call, board.own.key, "dial", { number: this.line.number }) });
    this.element = h("li", { class: "row" }, h("span", { class: "dot" }), h("div", { class: "who" }, this.name, this.what), this.dnd, this.forward,
      h("div", { class: "do" }, this.answer, this.hangUp, this.call));
    dropTarget(this.element, (drag) => {
      const command = sends(drag.call, drag.asks);
      const { number, entry, key } = this.line;
      if (command === null || !number || entry !== drag.line.entry || key === drag.line.key) return null;
      return () => drag.run(command, { number });
    });
  }

  #offering(action) {
    return this.line.calls.find((call) => call.actions.includes(action)) ?? null;
  }

  #do(one, action) {
    const call = this.#offering(action);
    return this.board.run(one, this.line.key, action, call ? { call: call.id } : {});
  }

  /** @param {import("./feed.js").Line} line */
  update(line) {
    this.line = line;
    const { t, feed } = this.board;
    const online = feed.online(line);
    const own = this.board.own;
    const can = (feature) => online && line.can.includes(feature);
    setText(this.name, [line.name, line.number].filter(Boolean).join(" · "));
    setAttribute(this.element, "data-state", online ? line.state : "unknown");
    this.element.classList.toggle("stale", !online);
    const routed = [];
    if (line.do_not_disturb) routed.push(t("do_not_disturb"));
    if (line.forward) routed.push(line.forward.target === "voicemail" ? t("forwarded_voicemail") : t("forwarded", { number: line.forward.number ?? "?" }));
    this.element.title = routed.join("\n");
    show(this.dnd, line.do_not_disturb === true);
    show(this.forward, line.forward !== null);
    this.routed = routed;
    show(this.answer, online && (this.#offering("answer") !== null || (can("answer") && !line.shows_calls)));
    show(this.hangUp, online && (this.#offering("hang_up") !== null || (can("hang_up") && !line.shows_calls && line.state !== "idle")));
    show(this.call, own !== null && own.key !== line.key && own.entry === line.entry && own.can.includes("dial") && line.number !== null && online && line.calls.length === 0);
    setAttribute(this.answer, "aria-label", t("answer_name", { name: line.name }));
    setAttribute(this.hangUp, "aria-label", t("hang_up_name", { name: line.name }));
    setAttribute(this.call, "aria-label", t("call_name", { name: line.name }));
    this.tick();
  }

  tick() {
    const { t, feed } = this.board;
    const { line } = this;
    const call = line.calls[0];
    const words = [feed.online(line) ? t(line.state) : t("offline")];
    if (call !== undefined) {
      words.push(partiesOf(t, call, feed.entries[line.entry]?.hides_callers));
      const since = call.answered_at ?? call.started_at;
      if (since !== null) words.push(duration(feed.now - since));
    } else words.push(...this.routed);
    setText(this.what, words.join(" · "));
  }
}
