// Opens GraphiQL on this address with the ready queries. Headers, and with them a pasted token,
// stay in the page and are never stored.
"use strict";

const own = document.currentScript;

addEventListener("DOMContentLoaded", async () => {
  const tabs = await (await fetch(own.dataset.tabs)).json();
  // GraphiQL shows a default tab's headers only once it is chosen, and the first one is open.
  const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;
  const page = React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: location.pathname }),
    defaultTabs: tabs,
    headers: isFirstVisit ? tabs[0].headers : undefined,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
});
