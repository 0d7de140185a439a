// The exchange: where arguments and results lie that are longer than a number (abi/exchange.ts says how).

export const exchangeArea: usize = memory.data(1024, 16);
