"use strict";
// What an ID shows, compared on this phone. Dates and barcodes come in, verdicts go out; nothing is kept or sent.
const idCheck = {
  // Dates and state of a North American licence's PDF417 (AAMVA DL/ID standard, annex D); the other fields are not read.
  read(barcode) {
    const found = {};
    for (const [, name, value] of barcode.matchAll(/(?:[\n\r]|DL|ID)(DBB|DBA|DAJ)([^\n\r]*)/g)) found[name] = value.trim();
    return { birth: idCheck.date(found.DBB), expires: idCheck.date(found.DBA), issuer: found.DAJ || "" };
  },

  // MMDDCCYY in the United States, CCYYMMDD in Canada and in the first edition: no month is 19 or 20.
  date(digits) {
    if (!/^\d{8}$/.test(digits || "")) return "";
    const d = /^(19|20)/.test(digits) ? digits : digits.slice(4) + digits.slice(0, 4);
    return `${d.slice(0, 4)}-${d.slice(4, 6)}-${d.slice(6)}`;
  },

  // Today by the clock of the premises.
  today(tz, now) {
    const parts = new Intl.DateTimeFormat("en", { timeZone: tz, year: "numeric", month: "2-digit", day: "2-digit" })
      .formatToParts(now);
    const part = (type) => parts.find((one) => one.type === type).value;
    return `${part("year")}-${part("month")}-${part("day")}`;
  },

  // null: this page knows no limit for the day. Dates are YYYY-MM-DD, which sort as days do.
  verdict(limits, day, birth, expires) {
    const limit = limits.find((one) => one.day === day);
    if (!limit) return null;
    return { over_age: limit.born_by === null || birth <= limit.born_by, unexpired: expires === null || expires >= day };
  },
};
