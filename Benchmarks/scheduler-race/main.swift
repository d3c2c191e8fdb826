// The program `scheduler-race`; what it does is in `SchedulerRace`.

internal import SchedulerRace

await SchedulerRaceProgram.run(Array(CommandLine.arguments.dropFirst()))
