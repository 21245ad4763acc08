// What both cards share: their lines, their words, what is said when something fails, and what is read aloud.

import { h, setText, show } from "./dom.js";
import { Feed, command } from "./feed.js";
import { running } from "./calls.js";
import { STYLE } from "./style.js";
import { languageOf, wordsFor } from "./words.js";

export class LinesElement extends HTMLElement {
  /** @type {any} */
  config = null;
  /** Whether this is a picture of a card in the editor's list: such a one does not ring. */
  preview = false;
  #hass = null;
  #language = "";
  #clock = 0;
  #says = 0;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLE];
    this.feed = new Feed(() => this.#changed());
    this.t = wordsFor("en");
  }

  /** @param {any} config */
  setConfig(config) {
    if (config.lines !== undefined && !(Array.isArray(config.lines) && config.lines.every((one) => typeof one === "string"))) {
      throw new Error("“lines” is a list of devices, entities or numbers of lines.");
    }
    this.config = this.check({ ...config });
    this.#rebuild();
  }

  check(config) {
    return config;
  }

  set hass(hass) {
    this.#hass = hass;
    const language = languageOf(hass);
    if (language !== this.#language) {
      this.#language = language;
      this.t = wordsFor(language);
      this.#rebuild();
    }
    this.#start();
  }

  get hass() {
    return this.#hass;
  }

  connectedCallback() {
    this.#start();
    this.#clock = setInterval(() => this.tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
    this.feed.stop();
    this.left();
  }

  /** The lines to look at; null for none. */
  get names() {
    return this.config.lines ?? [];
  }

  #start() {
    if (!this.isConnected || this.#hass === null || this.config === null) return;
    if (this.names === null) this.feed.stop();
    else this.feed.start(this.#hass.connection, this.names);
  }

  #rebuild() {
    if (this.config === null || this.#hass === null) return;
    this.away = h("div", { class: "away", role: "status", hidden: true });
    this.error = h("div", { class: "error", role: "alert", hidden: true });
    this.aloud = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
    this.shadowRoot.replaceChildren(this.build());
    this.#start();
    this.#changed();
  }

  #changed() {
    if (this.config === null || this.#hass === null || this.away === undefined) return;
    const words = [];
    if (this.feed.heard && !this.feed.live) words.push(this.t("lost"));
    else if (this.feed.heard) {
      for (const entry of Object.values(this.feed.entries)) if (!entry.online) words.push(this.t("pbx_offline", { title: entry.title }));
    }
    setText(this.away, words.join("\n"));
    show(this.away, words.length > 0);
    this.update();
  }

  /** Say what went wrong, until the next thing is done. */
  say = (text) => {
    setText(this.error, text);
    show(this.error, text !== "");
  };

  /** Have something read aloud. */
  announce(text) {
    if (!text) return;
    setText(this.aloud, text);
    clearTimeout(this.#says);
    // Said once more, the same words would not be read again.
    this.#says = setTimeout(() => setText(this.aloud, ""), 4000);
  }

  /** Carry out a command for a button. */
  run = (one, line, name, fields = {}) => running(one, () => command(this.hass, line, name, fields), this.say);

  /** @returns {Node} */
  build() {
    return h("div");
  }

  update() {}

  tick() {}

  left() {}
}
