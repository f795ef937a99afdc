/** Entry point of the page. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme/mantine-styles";
import "./theme/tokens.css";
import "./theme/page.css";
import { App } from "./app";
import { createPageRouter } from "./routes";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <App router={createPageRouter()} />
  </StrictMode>,
);
