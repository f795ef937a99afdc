/** The Mantine theme: maps our tokens to its sizes, colours and component defaults. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The shades that the style sheets of Mantine use, as tokens. */
const shades: Record<string, string> = {
  "dark-0": "text",
  "dark-1": "text",
  "dark-2": "dim",
  "dark-3": "faint",
  "dark-4": "line-strong",
  "dark-5": "hover",
  "dark-6": "raised",
  "dark-7": "panel",
  "dark-8": "page",
  "gray-0": "hover",
  "gray-1": "hover",
  "gray-2": "line",
  "gray-3": "line",
  "gray-4": "line-strong",
  "gray-5": "faint",
  "gray-6": "dim",
  "gray-7": "dim",
};

const accent: MantineColorsTuple = Array.from(
  { length: 10 },
  () => "var(--gh-accent)",
) as unknown as MantineColorsTuple;

export const theme = createTheme({
  primaryColor: "accent",
  colors: { accent },
  fontFamily: "var(--gh-font)",
  fontFamilyMonospace: "var(--gh-mono)",
  fontSizes: {
    xs: "var(--gh-size-xs)",
    sm: "var(--gh-size-sm)",
    md: "var(--gh-size-md)",
    lg: "var(--gh-size-lg)",
    xl: "var(--gh-size-xl)",
  },
  spacing: {
    xs: "var(--gh-space-1)",
    sm: "var(--gh-space-2)",
    md: "var(--gh-space-3)",
    lg: "var(--gh-space-4)",
    xl: "var(--gh-space-5)",
  },
  radius: { xs: "var(--gh-radius-small)", sm: "var(--gh-radius-small)", md: "var(--gh-radius)" },
  defaultRadius: "sm",
  cursorType: "pointer",
  focusRing: "auto",
  // Named and not imported: a component is loaded with the view that shows it.
  components: {
    Button: { defaultProps: { size: "compact-sm", variant: "default" } },
    ActionIcon: { defaultProps: { size: 26, variant: "subtle", color: "gray" } },
    TextInput: { defaultProps: { size: "xs" } },
    // Options and menus open within the landmark of their control.
    Select: { defaultProps: { size: "xs", comboboxProps: { withinPortal: false } } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: "sm" } },
    Popover: { defaultProps: { shadow: "md", radius: "md" } },
    Menu: {
      defaultProps: { shadow: "md", radius: "md", withinPortal: false, withInitialFocusPlaceholder: false },
    },
    Modal: {
      defaultProps: {
        radius: "md",
        shadow: "md",
        closeButtonProps: { "aria-label": "Close" },
        // Not the banner of the page, which its element would be.
        attributes: { header: { role: "presentation" } },
      },
    },
  },
});

const scheme: Record<string, string> = {
  "--mantine-color-body": "var(--gh-panel)",
  "--mantine-color-text": "var(--gh-text)",
  "--mantine-color-dimmed": "var(--gh-dim)",
  "--mantine-color-placeholder": "var(--gh-faint)",
  "--mantine-color-anchor": "var(--gh-accent)",
  "--mantine-color-default": "var(--gh-raised)",
  "--mantine-color-default-hover": "var(--gh-hover)",
  "--mantine-color-default-color": "var(--gh-text)",
  "--mantine-color-default-border": "var(--gh-line-strong)",
  "--mantine-color-error": "var(--gh-error)",
  "--mantine-color-gray-light-color": "var(--gh-dim)",
  "--mantine-color-gray-light-hover": "var(--gh-hover)",
  "--mantine-color-disabled": "var(--gh-hover)",
  "--mantine-color-disabled-color": "var(--gh-faint)",
  "--mantine-color-accent-filled": "var(--gh-accent)",
  "--mantine-color-accent-filled-hover": "var(--gh-accent)",
  "--mantine-color-accent-light": "var(--gh-accent-soft)",
  "--mantine-color-accent-light-hover": "var(--gh-accent-soft)",
  "--mantine-color-accent-light-color": "var(--gh-accent)",
  "--mantine-primary-color-contrast": "var(--gh-on-accent)",
  "--mantine-shadow-md": "var(--gh-shadow)",
  ...Object.fromEntries(
    Object.entries(shades).map(([step, token]) => [`--mantine-color-${step}`, `var(--gh-${token})`]),
  ),
};

/** The same for both schemes: tokens.css defines the values of the tokens for each scheme. */
export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: scheme, dark: scheme });
