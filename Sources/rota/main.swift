// The command line program.

internal import RotaCLI

await RotaMain.run()
