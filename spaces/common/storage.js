// Where a browser blocks third-party storage, reading `localStorage` throws, which would stop
// gr.BrowserState and all that follows it. The page then remembers until it is closed,
// and says so.
try {
  localStorage.length;
} catch {
  const kept = new Map();
  const getItem = key => kept.get(key) ?? null;
  const setItem = (key, value) => { kept.set(key, String(value)); };
  const removeItem = key => { kept.delete(key); };
  document.documentElement.dataset.storage = 'none';
  Object.defineProperty(window, 'localStorage', {value: {getItem, setItem, removeItem}});
}
