// When a person leaves, Gradio closes its connection, takes it for a lost one, and loads its page
// again two seconds later: a sign-in or a link to a slow host ended where it began. The browser
// closes the connection anyway.
addEventListener('beforeunload', event => event.stopImmediatePropagation());
