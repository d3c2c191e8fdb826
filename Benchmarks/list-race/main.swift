// The program `list-race`; what it does is in `ListRace`.

internal import ListRace

await ListRaceProgram.run(Array(CommandLine.arguments.dropFirst()))
