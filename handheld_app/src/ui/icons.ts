/** Icons: paths on a 24 px grid, 2 px stroke. The shapes of the finding classes are told apart without colour. */

export const ICON_PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  found: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.5l2.8 2.8L16 9.5",
  cross: "M4 4h16v16H4zM9 9l6 6M15 9l-6 6",
  lozenge: "M12 2.5 21.5 12 12 21.5 2.5 12zM12 8v5M12 16v.2",
  triangle: "M12 3.5 22 20.5H2zM12 10v4.5M12 17.5v.2",
  hollow: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16",
  half: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M12 7.5h5.5M12 12h8.5M12 16.5h5.5",
  turn: "M20 11a8 8 0 1 0-2.3 6.7M20 4v7h-7",
  waves: "M12 12v.2M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8",
  tray: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1M8 10v.2M12 10v.2M16 10v.2M8 14v.2M12 14v.2M16 14v.2",
  seal: "M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V6zM9 11.5l2.2 2.2L15 10",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5z",
  plugOff: "M9 3v5M15 3v5M7 8h10v3a5 5 0 0 1-10 0zM12 16v5M3 3l18 18",
  online: "M12 19v.2M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 14 0M2 8.5a15 15 0 0 1 20 0",
  offline: "M3 3l18 18M12 19v.2M8.5 15.5a5 5 0 0 1 5-1.2M5 12a10 10 0 0 1 4-2.4M19 12a10 10 0 0 0-5-2.7M2 8.5a15 15 0 0 1 4-2.6M22 8.5A15 15 0 0 0 11 5",
  key: "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 12l9-9M16 7l3 3",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2",
  back: "M15 5l-7 7 7 7",
  eye: "M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  hidden: "M3 3l18 18M9.5 5.3A11 11 0 0 1 12 5c4 0 7 2 10 7a18 18 0 0 1-3 3.7M6 7.4A17 17 0 0 0 2 12c3 5 6 7 10 7a11 11 0 0 0 5-1.3",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 8v8M12 8v8M16 8v8",
  erase: "M9 5h11a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H9l-7-7zM12 9.5l5 5M17 9.5l-5 5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
  pen: "M4 20l1-4L16 5l3 3L8 19zM3 22h18",
  people: "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 5.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2.2.8 3.5 2.7 3.5 5.5",
} as const;

export type IconName = keyof typeof ICON_PATHS;
