/** The units by Grafana's ids. `units.ts` formats values with them. */

/** How the values of a unit are written. */
export type UnitKind =
  /** A factor of 1,000 or 1,024 between prefixes; `offset` is the prefix that the value has already. */
  | { kind: "prefixed"; base: 1_000 | 1_024; symbol: string; offset: number; below?: boolean }
  /** A count with K, M, B and T before its symbol. */
  | { kind: "count"; symbol: string }
  | { kind: "currency"; symbol: string; after: boolean }
  | { kind: "fixed"; prefix: string; suffix: string; factor?: number }
  /** A length of time, of which the value has the given unit. */
  | { kind: "time"; ms: number; steps: readonly TimeStep[] }
  | { kind: "named"; name: NamedFormat; scale: number };

export type NamedFormat =
  | "short"
  | "text"
  | "hex"
  | "hex0x"
  | "scientific"
  | "locale"
  | "true-false"
  | "yes-no"
  | "on-off"
  | "duration"
  | "hms"
  | "dhms"
  | "clock"
  | "iso"
  | "us"
  | "local"
  | "from-now";

/** From this many milliseconds on, a time is written in this unit. */
export interface TimeStep {
  from: number;
  suffix: string;
}

const STEPS: readonly TimeStep[] = [
  { from: 0, suffix: "ns" },
  { from: 1e-3, suffix: "µs" },
  { from: 1, suffix: "ms" },
  { from: 1e3, suffix: "s" },
  { from: 6e4, suffix: "min" },
  { from: 3.6e6, suffix: "hour" },
  { from: 8.64e7, suffix: "day" },
  { from: 6.048e8, suffix: "week" },
  { from: 3.1536e10, suffix: "year" },
];
const steps = (names: string) => STEPS.filter(({ suffix }) => names.split(" ").includes(suffix));

const prefixed = (base: 1_000 | 1_024, symbol: string, offset = 0): UnitKind => ({
  kind: "prefixed",
  base,
  symbol,
  offset,
});
const si = (symbol: string, offset = 0): UnitKind => ({
  kind: "prefixed",
  base: 1_000,
  symbol,
  offset,
  below: true,
});
const fixed = (suffix: string): UnitKind => ({ kind: "fixed", prefix: "", suffix: ` ${suffix}` });
const time = (ms: number, names: string): UnitKind => ({ kind: "time", ms, steps: steps(names) });
const named = (name: NamedFormat, scale = 1): UnitKind => ({ kind: "named", name, scale });

/** `"id symbol, id symbol"` as entries of the table. */
function each(list: string, make: (symbol: string) => UnitKind): Record<string, UnitKind> {
  return Object.fromEntries(
    list.split(", ").map((item) => {
      const space = item.indexOf(" ");
      return [item.slice(0, space), make(item.slice(space + 1))];
    }),
  );
}

/** The same unit with each of the prefixes from kilo on: `["kbytes", "mbytes"]`. */
function ladder(ids: string, base: 1_000 | 1_024, symbol: string, first = 1): Record<string, UnitKind> {
  return Object.fromEntries(
    ids.split(" ").map((id, index) => [id, prefixed(base, symbol, first + index)] as const),
  );
}

const MISC = {
  none: { kind: "fixed", prefix: "", suffix: "" },
  string: named("text"),
  short: named("short"),
  sishort: si(""),
  percent: { kind: "fixed", prefix: "", suffix: "%" },
  percentunit: { kind: "fixed", prefix: "", suffix: "%", factor: 100 },
  hex0x: named("hex0x"),
  hex: named("hex"),
  sci: named("scientific"),
  locale: named("locale"),
  bool: named("true-false"),
  bool_yes_no: named("yes-no"),
  bool_on_off: named("on-off"),
} satisfies Record<string, UnitKind>;

const FIXED = each(
  "humidity %H, dB dB, candela cd, pixel px, accMS2 m/s², accFS2 ft/s², accG g, degree °, radian rad, " +
    "grad grad, arcmin arcmin, arcsec arcsec, areaM2 m², areaF2 ft², areaMI2 mi², acres ac, hectares ha, " +
    "ppm ppm, conppb ppb, conngm3 ng/m³, conngNm3 ng/Nm³, conμgm3 μg/m³, conμgNm3 μg/Nm³, conmgm3 mg/m³, " +
    "conmgNm3 mg/Nm³, congm3 g/m³, congNm3 g/Nm³, conmgdL mg/dL, conmmolL mmol/L, Wm2 W/m², dBm dBm, " +
    "kwattm kW-Min, flowgpm gpm, flowcms cms, flowcfs cfs, flowcfm cfm, litreh L/h, flowlpm L/min, " +
    "flowmlpm mL/min, lux lux, masslb lb, lengthin in, lengthft ft, lengthmi mi, pressurehpa hPa, " +
    "pressurekpa kPa, pressurehg inHg, radrem rem, rotrpm rpm, rotrads rad/s, rotdegs °/s, " +
    "celsius °C, fahrenheit °F, kelvin K, velocityms m/s, velocitykmh km/h, velocitymph mph, " +
    "velocityknot kn, m3 m³, Nm3 Nm³, dm3 dm³, gallons gal",
  fixed,
);

const PHYSICAL = {
  ...each(
    "watt W, voltamp VA, voltampreact VAr, watth Wh, watthperkg Wh/kg, amph Ah, joule J, ev eV, amp A, " +
      "volt V, ohm Ω, farad F, henry H, lumens Lm, forceNm Nm, forceN N, massg g, masst t, lengthm m, " +
      "pressurebar bar, pressurepa Pa, pressurepsi psi, radbq Bq, radci Ci, radgy Gy, radrad rad, " +
      "radsv Sv, radexpckg C/kg, radr R, radsvh Sv/h, rothz Hz, hertz Hz, litre L",
    (symbol) => si(symbol),
  ),
  ...each(
    "kwatt W, kvoltamp VA, kvoltampreact VAr, kwatth Wh, kamph Ah, kamp A, kvolt V, kohm Ω, forcekNm Nm, " +
      "forcekN N, masskg g, lengthkm m, pressurekbar bar, rotkhz Hz",
    (symbol) => si(symbol, 1),
  ),
  ...each("megwatt W, mwatth Wh, Mohm Ω, rotmhz Hz", (symbol) => si(symbol, 2)),
  ...each("gwatt W, rotghz Hz", (symbol) => si(symbol, 3)),
  ...each(
    "mwatt W, mamph Ah, mamp A, mvolt V, mohm Ω, mhenry H, massmg g, lengthmm m, pressurembar bar, " +
      "radmsv Sv, radmsvh Sv/h, mlitre L",
    (symbol) => si(symbol, -1),
  ),
  ...each("µfarad F, µhenry H, radusv Sv, radusvh Sv/h", (symbol) => si(symbol, -2)),
  ...each("nfarad F", (symbol) => si(symbol, -3)),
  ...each("pfarad F", (symbol) => si(symbol, -4)),
  ...each("ffarad F", (symbol) => si(symbol, -5)),
};

const DATA = {
  bytes: prefixed(1_024, "B"),
  decbytes: prefixed(1_000, "B"),
  bits: prefixed(1_024, "b"),
  decbits: prefixed(1_000, "b"),
  ...ladder("kbytes mbytes gbytes tbytes pbytes", 1_024, "B"),
  ...ladder("deckbytes decmbytes decgbytes dectbytes decpbytes", 1_000, "B"),
  pps: prefixed(1_000, "p/s"),
  binBps: prefixed(1_024, "B/s"),
  Bps: prefixed(1_000, "B/s"),
  binbps: prefixed(1_024, "b/s"),
  bps: prefixed(1_000, "b/s"),
  ...ladder("KiBs MiBs GiBs TiBs PiBs", 1_024, "B/s"),
  ...ladder("Kibits Mibits Gibits Tibits Pibits", 1_024, "b/s"),
  ...ladder("KBs MBs GBs TBs PBs", 1_000, "B/s"),
  ...ladder("Kbits Mbits Gbits Tbits Pbits", 1_000, "b/s"),
  ...ladder("flops", 1_000, "FLOP/s", 0),
  ...ladder("mflops gflops tflops pflops eflops zflops yflops", 1_000, "FLOP/s", 2),
  ...ladder("Hs KHs MHs GHs THs PHs EHs", 1_000, "H/s", 0),
};

const THROUGHPUT = each(
  "cps c/s, ops ops/s, reqps req/s, rps rd/s, wps wr/s, iops io/s, eps evt/s, mps msg/s, recps rec/s, " +
    "rowsps rows/s, cpm c/m, opm ops/m, reqpm req/m, rpm rd/m, wpm wr/m, epm evts/m, mpm msgs/m, " +
    "recpm rec/m, rowspm rows/m",
  (symbol) => ({ kind: "count", symbol }),
);

const CURRENCY = {
  ...each(
    "currencyUSD $, currencyGBP £, currencyEUR €, currencyJPY ¥, currencyRUB ₽, currencyUAH ₴, " +
      "currencyBRL R$, currencyCZK czk, currencyCHF CHF, currencyPLN PLN, currencyBTC ฿, currencymBTC mBTC, " +
      "currencyμBTC μBTC, currencyZAR R, currencyINR ₹, currencyKRW ₩, currencyIDR Rp, currencyPHP PHP, " +
      "currencyTRY ₺, currencyMYR RM, currencyXPF XPF, currencyBGN BGN, currencyPYG ₲, " +
      "currencyUYU UYU, currencyILS ₪",
    (symbol) => ({ kind: "currency", symbol, after: false }),
  ),
  ...each("currencyDKK kr, currencyISK kr, currencyNOK kr, currencySEK kr, currencyVND đ", (symbol) => ({
    kind: "currency",
    symbol,
    after: true,
  })),
};

const TIME = {
  ns: time(1e-6, "ns µs ms s min hour day"),
  µs: time(1e-3, "µs ms s"),
  ms: time(1, "ms s min hour day year"),
  s: time(1e3, "ns µs ms s min hour day week year"),
  m: time(6e4, "min hour day week year"),
  h: time(3.6e6, "hour day week year"),
  d: time(8.64e7, "day week year"),
  timeticks: time(10, "ns µs ms s min hour day week year"),
  dtdurationms: named("duration"),
  dtdurations: named("duration", 1_000),
  dthms: named("hms"),
  dtdhms: named("dhms"),
  clockms: named("clock"),
  clocks: named("clock", 1_000),
  dateTimeAsIso: named("iso"),
  dateTimeAsIsoNoDateIfToday: named("iso", 0),
  dateTimeAsUS: named("us"),
  dateTimeAsUSNoDateIfToday: named("us", 0),
  dateTimeAsLocal: named("local"),
  dateTimeAsLocalNoDateIfToday: named("local", 0),
  dateTimeAsSystem: named("iso"),
  dateTimeFromNow: named("from-now"),
} satisfies Record<string, UnitKind>;

export const UNITS: ReadonlyMap<string, UnitKind> = new Map(
  Object.entries({ ...MISC, ...FIXED, ...PHYSICAL, ...DATA, ...THROUGHPUT, ...CURRENCY, ...TIME }),
);
