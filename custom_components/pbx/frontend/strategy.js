// The dashboard that builds itself: the office board, and before it the telephone of whoever looks.

import { languageOf, wordsFor } from "./words.js";

/** Make a view of a strategy's configuration. */
function view(config, hass) {
  const t = wordsFor(languageOf(hass));
  const { lines, areas, title, page_size, dial_pad, routing, popup } = config;
  const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const own = [config.phone ?? config.line ?? []].flat();
  const board = { type: "custom:pbx-office-card", ...given({ line: config.line ?? own[0], lines, areas, page_size }) };
  const sections = [];
  if (own.length) {
    sections.push({ type: "grid", cards: [
      { type: "heading", heading: t("my_phone"), icon: "mdi:phone" },
      { type: "custom:pbx-phone-card", lines: own, ...given({ dial_pad, routing, popup }) },
    ] });
  }
  sections.push({ type: "grid", column_span: own.length ? 2 : 3, cards: [
    { type: "heading", heading: title ?? t("office"), icon: "mdi:office-building" },
    board,
  ] });
  return { type: "sections", max_columns: 3, title: title ?? t("office"), path: "office", icon: "mdi:phone", sections };
}

class OfficeView extends HTMLElement {
  static async generate(config, hass) {
    return view(config, hass);
  }
}

class OfficeDashboard extends HTMLElement {
  static async generate(config, hass) {
    return { title: config.title ?? wordsFor(languageOf(hass))("office"), views: [view(config, hass)] };
  }

  static async getConfigElement() {
    return document.createElement("pbx-office-strategy-editor");
  }

  /** What a new dashboard is called, until someone calls it something else. */
  static getCreateSuggestions(hass) {
    return { title: wordsFor(languageOf(hass))("office"), icon: "mdi:phone" };
  }
}

for (const [name, element] of [["ll-strategy-view-pbx-office", OfficeView], ["ll-strategy-dashboard-pbx-office", OfficeDashboard]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}
