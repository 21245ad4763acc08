// What every page of Home Assistant loads: it makes the cards and the strategy known.

import "./editor.js";
import "./strategy.js";
import { OfficeCard } from "./office-card.js";
import { PhoneCard } from "./phone-card.js";
import { languageOf, wordsFor } from "./words.js";

for (const [name, element] of [["pbx-phone-card", PhoneCard], ["pbx-office-card", OfficeCard]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}

const documentationURL = "https://github.com/aiopbx/aiopbx/blob/main/docs/home-assistant/card.md";

// The lists are made before there is anyone whose language is known, so the words are chosen when they are looked at.
function add(list, title, description, one) {
  window[list] ??= [];
  if (window[list].some((other) => other.type === one.type && other.strategyType === one.strategyType)) return;
  const t = () => wordsFor(languageOf(/** @type {any} */ (document.querySelector("home-assistant"))?.hass));
  window[list].push(Object.defineProperties({ documentationURL, ...one }, {
    name: { enumerable: true, get: () => `PBX: ${t()(title)}` },
    description: { enumerable: true, get: () => t()(description) },
  }));
}

/** The card that fits an entity which someone wants to have on a dashboard, if it is one of a line or of a PBX. */
function suggestion(hass, entity, wholePbx) {
  const { platform, device_id: device } = hass.entities[entity] ?? {};
  return platform === "pbx" && device && (hass.devices[device]?.via_device_id == null) === wholePbx ? device : null;
}

add("customCards", "phone", "card_description", { type: "pbx-phone-card", preview: true, getEntitySuggestion: (hass, entity) => {
  const line = suggestion(hass, entity, false);
  return line === null ? null : { config: { type: "custom:pbx-phone-card", lines: [line] } };
} });
add("customCards", "office", "board_description", { type: "pbx-office-card", preview: true, getEntitySuggestion: (hass, entity) => {
  const pbx = suggestion(hass, entity, true);
  return pbx === null ? null : { config: { type: "custom:pbx-office-card", lines: [pbx] } };
} });
for (const strategyType of ["dashboard", "view"]) add("customStrategies", "office", "strategy_description", { type: "pbx-office", strategyType });
