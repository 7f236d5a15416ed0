// Opens GraphiQL on this address with the ready queries. Headers, and with them a pasted token,
// stay in the page and are never stored.
"use strict";

const own = document.currentScript;
// How long nobody types before a token counts as pasted, in milliseconds.
const PAUSE = 500;

function authorization(headers) {
  try {
    const given = Object.entries(JSON.parse(headers || "{}"));
    return given.find(([name]) => name.toLowerCase() === "authorization")?.[1] ?? "";
  } catch {
    return null; // not yet written to its end
  }
}

function Page({ tabs, headers }) {
  const connect = () => GraphiQL.createFetcher({ url: location.pathname });
  const [fetcher, setFetcher] = React.useState(connect);
  const known = React.useRef({ authorization: "", timer: 0 }).current;
  // Each caller is told of a schema of their own. GraphiQL reads it anew for another fetcher.
  const onTabChange = ({ tabs, activeTabIndex }) => {
    const found = authorization(tabs[activeTabIndex]?.headers);
    clearTimeout(known.timer);
    if (found === null || found === known.authorization || found.includes("<")) return;
    known.timer = setTimeout(() => {
      known.authorization = found;
      setFetcher(connect);
    }, PAUSE);
  };
  return React.createElement(GraphiQL, {
    fetcher,
    defaultTabs: tabs,
    headers,
    onTabChange,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  });
}

addEventListener("DOMContentLoaded", async () => {
  const tabs = await (await fetch(own.dataset.tabs)).json();
  // GraphiQL shows a default tab's headers only once it is chosen, and the first one is open.
  const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;
  const headers = isFirstVisit ? tabs[0].headers : undefined;
  const page = React.createElement(Page, { tabs, headers });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
});
