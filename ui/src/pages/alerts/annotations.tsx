/** The annotations of an alert or of a rule. Addresses of web pages are links, everything else is text. */
import type { Labels } from "../../api/prometheus";
import { safeUrl } from "../../panels/links";
import classes from "./details.module.css";

export function Annotations({ annotations }: { annotations: Labels }) {
  const shown = Object.entries(annotations).filter(([name]) => name !== "summary");
  if (shown.length === 0) return null;
  return (
    <dl className={classes.pairs}>
      {shown.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Annotation text={text} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Annotation({ text }: { text: string }) {
  const address = /^(https?:\/\/|\/(?!\/))\S+$/.test(text) ? safeUrl(text) : null;
  if (address === null) return <span className={classes.text}>{text}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
