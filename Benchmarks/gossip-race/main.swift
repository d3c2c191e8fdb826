// The program `gossip-race`; what it does is in `GossipRace`.

internal import GossipRace

await GossipRaceProgram.run(Array(CommandLine.arguments.dropFirst()))
