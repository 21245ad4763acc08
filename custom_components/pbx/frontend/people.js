// A field for a name or a number that offers the people it may mean, and the keys of a telephone.

import { button, h, reconcile, setAttribute, setText, show } from "./dom.js";
import { search } from "./feed.js";

// After the last letter, so that not each of them is a search.
const PAUSE = 200;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LETTERS = { 2: "abc", 3: "def", 4: "ghi", 5: "jkl", 6: "mno", 7: "pqrs", 8: "tuv", 9: "wxyz" };
const NAMES = { "*": "star", "#": "hash" };
let count = 0;

/** Whether this is something to find people by, and no number. */
export const isName = (text) => /\p{Letter}/u.test(text) && !/^(tel|sip):/i.test(text);

/**
 * The state of a line in a list of people: a dot, and the words for it.
 * @param {(key: string) => string} t
 */
export function personRow(t, person, attributes, on, tag = "li") {
  const dot = h("span", { class: "dot" });
  const name = h("span", { text: person.name });
  const number = h("span", { class: "quiet", text: person.name === person.number ? "" : person.number });
  const state = h("span", { class: "unseen" });
  const element = h(tag, { class: "person", ...attributes, on }, h("span", { class: "name" }, dot, name, state), number);
  return {
    element,
    update(now) {
      setAttribute(element, "data-state", now.state);
      show(dot, now.state !== null);
      setText(state, now.state === null ? "" : t(now.state));
    },
  };
}

/** A combobox: text, and a list of people to choose from with the arrow keys, by tap or by pointer. */
export class NumberField {
  #hass;
  #t;
  #line;
  #onSubmit;
  #timer = 0;
  #turn = 0;
  #people = [];
  #active = -1;
  #id = `pbx-people-${(count += 1)}`;

  /**
   * @param {{t: any, label: string, hass: () => any, line: () => string | null, onSubmit: (number: string, name: string) => void,
   *   onInput?: () => void, value?: string}} what
   */
  constructor(what) {
    this.#hass = what.hass;
    this.#t = what.t;
    this.#line = what.line;
    this.#onSubmit = what.onSubmit;
    this.onInput = what.onInput ?? (() => {});
    this.input = /** @type {HTMLInputElement} */ (
      h("input", {
        type: "text", inputmode: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", role: "combobox",
        placeholder: what.label, "aria-label": what.label, "aria-autocomplete": "list", "aria-expanded": "false",
        "aria-controls": this.#id, on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
      })
    );
    this.input.value = what.value ?? "";
    this.list = h("ul", { class: "people", role: "listbox", id: this.#id, "aria-label": what.label, hidden: true });
    this.status = h("div", { class: "unseen", role: "status" });
    this.field = h("div", { class: "field" }, this.input);
    this.element = h("div", {}, this.field, this.list, this.status);
  }

  get value() {
    return this.input.value.trim();
  }

  set value(text) {
    this.input.value = text;
    this.#typed();
  }

  /** Look for nothing any more. */
  clear() {
    this.input.value = "";
    this.#forget();
    this.onInput();
  }

  /** What is meant: a number, or the only one who was found; null where it is not clear. */
  get choice() {
    const text = this.value;
    if (this.#active >= 0) return this.#people[this.#active];
    if (text && !isName(text)) return { name: this.#people.find((one) => one.number === text)?.name ?? text, number: text };
    return this.#people.length === 1 && isName(text) ? this.#people[0] : null;
  }

  submit() {
    const choice = this.choice;
    if (choice === null) return false;
    this.#onSubmit(choice.number, choice.name);
    return true;
  }

  #typed() {
    clearTimeout(this.#timer);
    this.onInput();
    if (!this.value) return this.#forget();
    this.#timer = setTimeout(() => this.find(), PAUSE);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#show([]);
    setText(this.status, "");
  }

  /** Ask for the people that the text may mean. An answer that is overtaken is left out. */
  async find() {
    const line = this.#line();
    if (line === null) return;
    const turn = (this.#turn += 1);
    let people = [];
    try {
      people = (await search(this.#hass(), line, this.value)).people;
    } catch {
      // Completion is a help; the number itself can be called all the same, and that says what is wrong.
    }
    if (turn !== this.#turn) return;
    this.#show(people);
    setText(this.status, people.length ? this.#t("people_found", { count: people.length }) : this.#t("nobody_found"));
  }

  #show(people) {
    this.#people = people;
    this.#active = -1;
    show(this.list, people.length > 0);
    setAttribute(this.input, "aria-expanded", String(people.length > 0));
    const make = (person) => {
      const attributes = { role: "option", "aria-selected": "false" };
      return personRow(this.#t, person, attributes, { mousedown: (event) => event.preventDefault(), click: () => this.#onSubmit(person.number, person.name) });
    };
    reconcile(this.list, people, (one) => JSON.stringify([one.number, one.name]), make);
    [...this.list.children].forEach((element, place) => (element.id = `${this.#id}-${place}`));
    this.#mark();
  }

  #mark() {
    [...this.list.children].forEach((element, place) => setAttribute(element, "aria-selected", String(place === this.#active)));
    const active = this.list.children[this.#active];
    setAttribute(this.input, "aria-activedescendant", active?.id ?? null);
    active?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && this.#people.length) {
      event.preventDefault();
      const length = this.#people.length + 1;
      this.#active = ((this.#active + 1 + steps[event.key] + length) % length) - 1;
      this.#mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (!this.submit()) this.onUnclear?.();
    } else if (event.key === "Escape" && this.#people.length) {
      event.stopPropagation();
      this.#forget();
    }
  }
}

/**
 * The keys of a telephone.
 * @param {(key: string) => void} press
 * @param {(key: string) => string} label the spoken name of what a key does
 * @param {string} group what the keys are for
 */
export function keys(t, press, label, group) {
  const spoken = (key) => label(NAMES[key] ? t(NAMES[key]) : key);
  return h("div", { class: "keys", role: "group", "aria-label": group }, ...KEYS.map((key) =>
    h("button", { type: "button", class: "button", "aria-label": spoken(key), on: { click: () => press(key) } },
      h("span", { text: key, style: "padding: 0" }), h("small", { text: LETTERS[key] ?? "" }))));
}

/** The dial pad: what is typed, whom it may mean, the keys, and the button that calls. */
export class DialPad {
  #last;

  /** @param {{t: any, hass: () => any, line: () => string | null, dial: (number: string, name: string) => void, unclear: () => void}} what */
  constructor(what) {
    const { t } = what;
    this.number = new NumberField({ t, label: t("number"), hass: what.hass, line: what.line, onSubmit: (number, name) => what.dial(number, name),
      onInput: () => this.#typed() });
    this.number.onUnclear = what.unclear;
    this.call = button({ icon: "mdi:phone", label: t("call"), kind: "good", text: true, on: () => {
      if (!this.number.submit()) what.unclear();
    } });
    this.#last = button({ icon: "mdi:backspace-outline", label: t("delete_last"), on: () => {
      this.number.value = this.number.input.value.slice(0, -1);
    } });
    this.number.field.append(this.#last, this.call);
    const pad = keys(t, (key) => (this.number.value = this.number.input.value + key), (name) => name, t("edit_dial_pad"));
    const open = button({ icon: "mdi:dialpad", label: t("edit_dial_pad"), on: () => this.#open(pad.hidden) });
    this.#open = (visible) => {
      show(pad, visible);
      setAttribute(open, "aria-expanded", String(visible));
    };
    this.#open(false);
    this.number.field.prepend(open);
    this.element = h("div", { class: "panel dial", style: "margin: 0", role: "group", "aria-label": t("call") }, this.number.element, pad);
    this.#typed();
  }

  #open = (_visible) => {};

  #typed() {
    if (this.#last) show(this.#last, this.number.input.value !== "");
  }

  clear() {
    this.number.clear();
  }
}

