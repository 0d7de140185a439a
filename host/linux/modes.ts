export type Mode = "strict" | "extended";
