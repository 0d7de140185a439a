// Apart from the reading of files, for those that only want to know the error.

/** The file is not what was expected. The message is one line and begins with file, line and column. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
