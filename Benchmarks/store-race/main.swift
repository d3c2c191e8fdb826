// The program `store-race`; what it does is in `StoreRace`.

internal import StoreRace

await StoreRaceProgram.run(Array(CommandLine.arguments.dropFirst()))
