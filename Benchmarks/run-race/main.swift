// The program `run-race`; what it does is in `RunRace`.

internal import RunRace

await RunRaceProgram.run(Array(CommandLine.arguments.dropFirst()))
