// Runs before the first paint; the rest of the theme is in lib/theme.svelte.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('tapedeck-theme');
  } catch (_) {}
  if (choice === 'dark' || choice === 'light') document.documentElement.dataset.theme = choice;
})();
