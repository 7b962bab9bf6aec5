/* The shell: line editing, its own commands, and the start of programs as tasks. */
#include "program.h"

#define PROMPT "simvisor> "
#define LINE_LENGTH 256u

struct command {
    const char *name, *usage, *about;
    void (*run)(const struct arguments *arguments);
};

static void run_help(const struct arguments *arguments);

/* Calls a function for every task but the shell itself. */
static void for_each_job(void (*visit)(const struct task_info *job)) {
    struct task_info info;
    for (u64 slot = 0; slot < TASK_SLOTS; slot++)
        if (system_call(SYS_TASK, slot, (u64)&info) && info.id != task_id()) visit(&info);
}

static void stop_job(const struct task_info *job) {
    system_call(SYS_STOP, job->id, 0);
    print("stopped %u: %s\n", job->id, job->command);
}

static void run_stop(const struct arguments *arguments) {
    u64 id = number_at(arguments, 1, 0);
    if (arguments->count < 2) for_each_job(stop_job);
    else if (id == task_id() || !system_call(SYS_STOP, id, 0)) print("stop: no job %s\n", arguments->words[1]);
    else print("stopped %u\n", id);
}

static void print_job(const struct task_info *job) {
    print("%4u %-7s %8u ticks %8u pages  %s\n", job->id, job->state, job->ticks, job->pages, job->command);
}

static void run_jobs(const struct arguments *arguments) {
    (void)arguments;
    for_each_job(print_job);
}

static void wait_for_job(const struct task_info *job) { system_call(SYS_WAIT, job->id, 0); }

static void run_wait(const struct arguments *arguments) {
    if (arguments->count < 2) for_each_job(wait_for_job);
    else system_call(SYS_WAIT, number_at(arguments, 1, 0), 0);
}

static void ask_job(const struct task_info *job) {
    static const char *const reporters[] = {"dirty", "fill", "spin", "ticker"};
    char command[sizeof job->command];
    copy_text(command, job->command, sizeof command);
    const char *name = split(command).words[0];
    for (u32 i = 0; i < sizeof reporters / sizeof *reporters; i++)
        if (strcmp(name, reporters[i]) == 0) system_call(SYS_ASK, job->id, 0);
}

static void run_checksum(const struct arguments *arguments) {
    (void)arguments;
    print("kernel: checksum %016x\n", system_call(SYS_KERNEL_CHECKSUM, 0, 0));
    for_each_job(ask_job);
}

static void run_uptime(const struct arguments *arguments) {
    (void)arguments;
    u64 now = clock_now();
    print("up %u.%09u s, TSC %u\n", now / SECOND, now % SECOND, read_tsc());
}

static void run_counters(const struct arguments *arguments) {
    (void)arguments;
    struct counters c;
    system_call(SYS_COUNTERS, (u64)&c, 0);
    print("%u system calls, %u switches, %u page faults, %u interrupts, %u of %u frames free\n", c.system_calls,
          c.switches, c.page_faults, c.interrupts, c.free_frames, c.all_frames);
}

static void run_sleep(const struct arguments *arguments) {
    u64 end = clock_now() + number_at(arguments, 1, 0) * MILLISECOND;
    while (clock_now() < end) sleep_until(end);
}

static void run_echo(const struct arguments *arguments) {
    for (u32 i = 1; i < arguments->count; i++) print(i > 1 ? " %s" : "%s", arguments->words[i]);
    print("\n");
}

static void run_halt(const struct arguments *arguments) {
    (void)arguments;
    print("power off\n");
    system_call(SYS_POWER_OFF, 0, 0);
}

static void run_exit(const struct arguments *arguments) {
    system_call(SYS_DEBUG_EXIT, number_at(arguments, 1, 0), 0);
}

static const struct command commands[] = {
    {"help", "", "this list", run_help},
    {"jobs", "", "tasks besides the shell", run_jobs},
    {"stop", "[ID]", "ends a job, or all", run_stop},
    {"wait", "[ID]", "until a job, or all, have ended", run_wait},
    {"checksum", "", "of the kernel, then a report of each background job", run_checksum},
    {"uptime", "", "guest time since boot", run_uptime},
    {"counters", "", "what the kernel has done since boot", run_counters},
    {"sleep", "MS", "does nothing for MS milliseconds", run_sleep},
    {"echo", "TEXT", "prints TEXT", run_echo},
    {"halt", "", "powers the machine off", run_halt},
    {"exit", "[VALUE]", "ends an emulator, with a status where it has the debug-exit port 0xf4", run_exit},
};

static void run_help(const struct arguments *arguments) {
    (void)arguments;
    for (u32 i = 0; i < sizeof commands / sizeof *commands; i++)
        print("  %-10s %-42s %s\n", commands[i].name, commands[i].usage, commands[i].about);
    for (u32 i = 0; program_at(i); i++) {
        const struct program *program = program_at(i);
        print("  %-10s %-42s %s\n", program->name, program->usage, program->about);
    }
    print("An & at the end runs a program in the background; Ctrl-C ends the one in the foreground.\n");
}

static const struct command *find_command(const char *name) {
    for (u32 i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static void start_program(const struct program *program, const char *line, bool background) {
    u64 id = spawn(line, !background && !program->background);
    if (!id) print("%s: no room for another task\n", program->name);
    else if (background || program->background) print("job %u: %s\n", id, line);
    else system_call(SYS_WAIT, id, 0);
}

/* Removes blanks and one & from the end of a line; whether the & was there. */
static bool take_ampersand(char *line) {
    size_t length = strlen(line);
    bool found = false;
    while (length && (line[length - 1] == ' ' || (!found && line[length - 1] == '&'))) found |= line[--length] == '&';
    line[length] = 0;
    return found;
}

static void execute(char *line) {
    char words[LINE_LENGTH];
    while (*line == ' ') line++;
    bool background = take_ampersand(line);
    copy_text(words, line, sizeof words);
    struct arguments arguments = split(words);
    if (!arguments.count) return;
    const struct command *command = find_command(arguments.words[0]);
    const struct program *program = program_find(arguments.words[0]);
    if (command) command->run(&arguments);
    else if (program) start_program(program, line, background);
    else print("%s: no such command; try help\n", arguments.words[0]);
}

static u8 read_byte(void) { return (u8)system_call(SYS_READ, 0, 0); }

/* Reads past the rest of an escape sequence such as an arrow key's, which means nothing here. */
static void skip_escape(void) {
    if (read_byte() != '[') return;
    for (u8 c = 0; c < 0x40; c = read_byte()) {}
}

static size_t erase(size_t length, size_t count) {
    for (; count && length; count--, length--) print("\b \b");
    return length;
}

static void read_line(char line[LINE_LENGTH]) {
    size_t length = 0;
    for (;;) {
        u8 c = read_byte();
        switch (c) {
            case '\r':
            case '\n': print("\n"); line[length] = 0; return;
            case '\b':
            case 0x7f: length = erase(length, 1); break;
            case 'U' - 0x40: length = erase(length, length); break;
            case 'C' - 0x40: print("^C\n" PROMPT); length = 0; break;
            case 0x1b: skip_escape(); break;
            default:
                if (c < ' ' || c > '~' || length == LINE_LENGTH - 1) break;
                line[length++] = (char)c;
                print("%c", (int)c);
        }
    }
}

/*
 * Runs the commands of the boot option  run="command; command"  each shown as if it had been typed. Also takes the
 * spellings that GRUB makes of it:  "run=command; command"  and, for a single word,  run=command .
 */
static void run_option(const char *options) {
    const char *at = options;
    while (*at && memcmp(at, "run=", 4) != 0) at++;
    if (!*at) return;
    bool quoted = at[4] == '"' || (at > options && at[-1] == '"');
    char end = quoted ? '"' : ' ';
    at += at[4] == '"' ? 5 : 4;
    while (*at && *at != end) {
        char line[LINE_LENGTH];
        size_t length = 0;
        while (*at == ' ') at++;
        for (; *at && *at != ';' && *at != end; at++)
            if (length < LINE_LENGTH - 1) line[length++] = *at;
        line[length] = 0;
        if (*at == ';') at++;
        print(PROMPT "%s\n", line);
        execute(line);
    }
}

void shell(const char *options) {
    char line[LINE_LENGTH];
    run_option(options);
    for (;;) {
        print(PROMPT);
        read_line(line);
        execute(line);
    }
}
