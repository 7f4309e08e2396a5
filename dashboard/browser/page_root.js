// Sets what only the browser's document can hold: its language, its theme, the language's cookie.

const YEAR_S = 365 * 24 * 3600;

export default function ({ data, parentElement }) {
  const root = document.documentElement;
  root.lang = data.language;
  const background = getComputedStyle(parentElement).getPropertyValue("--st-background-color");
  root.dataset.cifarTheme = isDark(background.trim()) ? "dark" : "light";
  if (data.chosen) {
    document.cookie = `${data.cookie}=${data.chosen}; path=/; max-age=${YEAR_S}; SameSite=Lax`;
  }
}
