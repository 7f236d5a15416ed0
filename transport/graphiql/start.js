// Opens GraphiQL on this address with the ready queries. Headers, and with them a pasted token,
// stay in the page and are never stored.
"use strict";

const own = document.currentScript;

addEventListener("DOMContentLoaded", async () => {
  const tabs = await (await fetch(own.dataset.tabs)).json();
  const page = React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: location.pathname }),
    defaultTabs: tabs,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
});
