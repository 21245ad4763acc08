// What every page of Home Assistant loads: it makes the cards and the strategy known.

import "./editor.js";
import "./strategy.js";
import { OfficeCard } from "./office-card.js";
import { PhoneCard } from "./phone-card.js";
import { wordsFor } from "./words.js";

for (const [name, element] of [["pbx-phone-card", PhoneCard], ["pbx-office-card", OfficeCard]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}

// The list of cards is made before there is anyone whose language is known, so it goes by the page's.
const t = wordsFor(document.documentElement.lang || navigator.language);
const documentationURL = "https://github.com/aiopbx/aiopbx/blob/main/docs/home-assistant/card.md";

function add(list, one) {
  window[list] ??= [];
  if (!window[list].some((other) => other.type === one.type && other.strategyType === one.strategyType)) window[list].push(one);
}

add("customCards", { type: "pbx-phone-card", name: `PBX: ${t("phone")}`, description: t("card_description"), preview: true, documentationURL });
add("customCards", { type: "pbx-office-card", name: `PBX: ${t("office")}`, description: t("board_description"), preview: true, documentationURL });
add("customStrategies", { type: "pbx-office", strategyType: "dashboard", name: `PBX: ${t("office")}`, description: t("strategy_description"), documentationURL });
add("customStrategies", { type: "pbx-office", strategyType: "view", name: `PBX: ${t("office")}`, description: t("strategy_description"), documentationURL });
