const KEY = 'tapedeck-theme';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

function stored(): ThemeChoice {
  const choice = document.documentElement.dataset['theme'];
  return choice === 'dark' || choice === 'light' ? choice : 'system';
}

class Theme {
  choice = $state<ThemeChoice>(stored());

  set(choice: ThemeChoice) {
    this.choice = choice;
    if (choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
  }
}

export const theme = new Theme();
