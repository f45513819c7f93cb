import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import App from './App.svelte';
import { reloadOnce } from './lib/reload';

// After an upgrade, chunks of the old page are gone: the new page has them.
addEventListener('vite:preloadError', () => void reloadOnce());

const target = document.getElementById('app');
if (target) mount(App, { target });
