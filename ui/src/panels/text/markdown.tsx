/** Markdown as elements of the page. It makes no HTML of the text, and follows only links to web pages. */
import { type ReactNode, useMemo } from "react";
import { type Block, readBlocks } from "./blocks";
import { markdownOfHtml } from "./html";
import type { Inline } from "./inline";
import classes from "./markdown.module.css";

export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => readBlocks(/<\/?[a-z!]/i.test(text) ? markdownOfHtml(text) : text), [text]);
  return (
    <div className={classes.text}>
      <Blocks blocks={blocks} />
    </div>
  );
}

function Blocks({ blocks }: { blocks: Block[] }): ReactNode {
  return blocks.map((block, index) => <BlockView key={index} block={block} />);
}

function BlockView({ block }: { block: Block }) {
  switch (block.type) {
    case "heading": {
      // The title of the page is the first heading, and that of the panel the second.
      const level = Math.min(6, block.level + 2);
      const Heading = `h${level}` as "h3";
      return (
        <Heading data-level={block.level}>
          <Inlines content={block.content} />
        </Heading>
      );
    }
    case "paragraph":
      return (
        <p>
          <Inlines content={block.content} />
        </p>
      );
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the panel is scrolled by keyboard
        <pre tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return (
        <blockquote>
          <Blocks blocks={block.blocks} />
        </blockquote>
      );
    case "rule":
      return <hr />;
    case "list":
      return <List block={block} />;
    case "table":
      return <Table block={block} />;
  }
}

function List({ block: { ordered, start, items } }: { block: Extract<Block, { type: "list" }> }) {
  const content = items.map((blocks, index) => {
    const [first, ...rest] = blocks;
    return (
      <li key={index}>
        {first?.type === "paragraph" ? (
          <Inlines content={first.content} />
        ) : (
          <Blocks blocks={blocks.slice(0, 1)} />
        )}
        <Blocks blocks={rest} />
      </li>
    );
  });
  return ordered ? <ol start={start}>{content}</ol> : <ul>{content}</ul>;
}

function Table({ block: { head, rows, align } }: { block: Extract<Block, { type: "table" }> }) {
  const style = (index: number) => ({ textAlign: align[index] ?? ("left" as const) });
  return (
    <table>
      <thead>
        <tr>
          {head.map((cell, index) => (
            <th key={index} scope="col" style={style(index)}>
              <Inlines content={cell} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {head.map((_, index) => (
              <td key={index} style={style(index)}>
                <Inlines content={row[index] ?? []} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const MARKS = { strong: "strong", emphasis: "em", deleted: "del" } as const;

function Inlines({ content }: { content: Inline[] }): ReactNode {
  return content.map((part, index) => {
    switch (part.type) {
      case "text":
        return part.text;
      case "code":
        return <code key={index}>{part.text}</code>;
      case "break":
        return <br key={index} />;
      case "link":
        return (
          <a key={index} href={part.url} {...(/^(https?:)?\/\//.test(part.url) ? ELSEWHERE : {})}>
            <Inlines content={part.content} />
          </a>
        );
      default: {
        const Mark = MARKS[part.type];
        return (
          <Mark key={index}>
            <Inlines content={part.content} />
          </Mark>
        );
      }
    }
  });
}

const ELSEWHERE = { target: "_blank", rel: "noopener noreferrer" };
