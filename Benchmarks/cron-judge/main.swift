// The program `cron-judge`; what it does is in `CronJudge`.

internal import CronJudge

await JudgeProgram.run(Array(CommandLine.arguments.dropFirst()))
