/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of the commands. Each name stands for three things that go together into
 * lk_fail(): the number operators grep for, the exit code, and the text. Numbers below 700000 are
 * documented ones (spec/core.md 8); ours start at 700000 and are never used twice.
 */
#ifndef LK_MSG_H
#define LK_MSG_H

#include "lk/exit.h"

#define LK_MSG_SYSCALL 700001

/* The number of a message, to tell errors apart: err.number == LK_M_NUMBER(LK_M_NO_TAG). */
#define LK_M_NUMBER(...) LK_M_FIRST(__VA_ARGS__)
#define LK_M_FIRST(number, ...) number

/* documented */
#define LK_M_LOCAL_SYSTEM 424, LK_EX_ARG, "can't remove entry for local system \"%s\""
#define LK_M_NO_DAEMON 472, LK_EX_SYSTEM, "Can't run this application without LCD Daemon running."
#define LK_M_OUT_OF_SERVICE 4217, LK_EX_COMM, \
	"Communication failure: destination system \"%s\" is out of service."

/* the machine */
#define LK_M_NOMEM 700002, LK_EX_SYSTEM, "out of memory"
#define LK_M_NO_TREE 700003, LK_EX_SYSTEM, "no Lockkeeper tree in \"%s\": %s"
#define LK_M_LOCK_TIMEOUT 700004, LK_EX_SYSTEM, \
	"the tree has been locked by process %s for %d s: giving up"
#define LK_M_OUTPUT 700005, LK_EX_SYSTEM, "standard output: %s"
#define LK_M_SCRIPT_FAILED 700006, LK_EX_SYSTEM, "%s: %s"
#define LK_M_INTERRUPTED 700007, LK_EX_SYSTEM, "interrupted by signal %d"
#define LK_M_UNNAMED 700008, LK_EX_SYSTEM, \
	"the host name \"%s\" cannot name a system: letters, digits, '-', '.' and '_' are allowed"

/* syntax */
#define LK_M_USAGE 700020, LK_EX_USAGE, "%s"
#define LK_M_OPT_MISSING 700021, LK_EX_USAGE, "option -%c is missing"
#define LK_M_OPERAND 700022, LK_EX_USAGE, "unexpected argument \"%s\""
#define LK_M_OPT_EXCLUSIVE 700023, LK_EX_USAGE, "options -%c and -%c exclude each other"
#define LK_M_OPERAND_MISSING 700024, LK_EX_USAGE, "argument %s is missing"
#define LK_M_NO_SELECTOR 700025, LK_EX_USAGE, "nothing selected: give at least one of %s"
#define LK_M_NO_CHANGE 700250, LK_EX_USAGE, "nothing to change: give at least one of %s"
#define LK_M_NO_TERMINAL 700251, LK_EX_USAGE, "there is no terminal to ask on: give -f"
#define LK_M_NOT_CONFIRMED 700252, LK_EX_SYSTEM, "not confirmed: nothing was changed"

/* the tree */
#define LK_M_DAMAGED 700040, LK_EX_INTERNAL, "%s:%u: %s"
#define LK_M_MISSING_FILE 700041, LK_EX_INTERNAL, "%s:0: the file is missing"
#define LK_M_BROKEN 700042, LK_EX_INTERNAL, "%s"

/* existing objects */
#define LK_M_APP_EXISTS 700050, LK_EX_EXISTS, "application \"%s\" already exists"
#define LK_M_TYPE_EXISTS 700051, LK_EX_EXISTS, "type \"%s\" of application \"%s\" already exists"
#define LK_M_TAG_EXISTS 700052, LK_EX_EXISTS, "tag \"%s\" is in use already"
#define LK_M_ID_EXISTS 700053, LK_EX_EXISTS, "id \"%s\" is in use already, by tag \"%s\""
#define LK_M_DEP_EXISTS 700054, LK_EX_EXISTS, "\"%s\" depends on \"%s\" already"
#define LK_M_EQV_EXISTS 700055, LK_EX_EXISTS, \
	"\"%s\" has an equivalency with \"%s\" on system \"%s\" already"
#define LK_M_SYS_EXISTS 700056, LK_EX_EXISTS, "system \"%s\" already exists"
#define LK_M_FLAG_EXISTS 700057, LK_EX_EXISTS, "flag \"%s\" is set already"
#define LK_M_PATH_EXISTS 700058, LK_EX_EXISTS, "comm path %s to system \"%s\" already exists"
#define LK_M_PORT_EXISTS 700059, LK_EX_EXISTS, "device %s is in use already, by a path to system \"%s\""
#define LK_M_LOCK_HELD 700060, LK_EX_EXISTS, "the admin lock is held: %s"
#define LK_M_LOCK_NESTED 700061, LK_EX_EXISTS, \
	"the admin lock is held by this operation itself (process %ld, %s): it would wait for ever"

/* illegal arguments */
#define LK_M_BAD_TAG 700070, LK_EX_ARG, "tag \"%s\": %s"
#define LK_M_BAD_NAME 700071, LK_EX_ARG, "%s \"%s\": %s"
#define LK_M_BAD_TEXT 700072, LK_EX_ARG, "%s: %s"
#define LK_M_BAD_NUMBER 700073, LK_EX_ARG, "%s \"%s\": a whole number from %llu to %llu is needed"
#define LK_M_BAD_CHOICE 700074, LK_EX_ARG, "%s \"%s\": must be one of %s"
#define LK_M_BAD_SEPARATOR 700075, LK_EX_ARG, "option -f \"%s\": exactly one byte is needed"
#define LK_M_DEP_SELF 700076, LK_EX_ARG, "\"%s\" cannot depend on itself"
#define LK_M_DEP_CYCLE 700077, LK_EX_ARG, \
	"\"%s\" cannot depend on \"%s\", which depends on it already"
#define LK_M_DEP_STATE 700078, LK_EX_ARG, \
	"\"%s\" is in service (%s) and \"%s\" is not (%s): the child must be in service first"
#define LK_M_EQV_SAME_SYSTEM 700079, LK_EX_ARG, "both sides are on system \"%s\""
#define LK_M_LOG_LOST 720101, 0, "%lu lines of the log are missing here, they could not be written in time"
#define LK_M_PRIORITY_CLASH 700080, LK_EX_ARG, \
	"priority %u of \"%s\" belongs to system \"%s\" already"
#define LK_M_PRIORITY_DIFFERS 700081, LK_EX_ARG, \
	"system \"%s\" has priority %u for \"%s\" already, not %u: hry_setpri changes it"
#define LK_M_BAD_ADDRESS 700082, LK_EX_ARG, "address \"%s\": %s"
#define LK_M_BAD_DEVICE 700083, LK_EX_ARG, "device \"%s\": %s"
#define LK_M_PATH_RULE 700084, LK_EX_ARG, "%s"
#define LK_M_SYS_ALIVE 700085, LK_EX_ARG, \
	"system \"%s\" is ALIVE: stop Lockkeeper there before it is removed"
#define LK_M_EQV_ELSEWHERE 700086, LK_EX_ARG, \
	"neither side is on system \"%s\", whose database this is"
#define LK_M_BAD_SECONDS 700087, LK_EX_ARG, "%s \"%s\": seconds from %s to %s are needed"

/* limits */
#define LK_M_TOO_MANY_SYSTEMS 700100, LK_EX_LIMIT, "more than %d systems"
#define LK_M_NO_PORT 700101, LK_EX_LIMIT, "no port from %d to %d is free"
#define LK_M_TOO_LARGE 700102, LK_EX_LIMIT, "%s: more than %zu bytes"

/* missing objects */
#define LK_M_NO_APP 700110, LK_EX_NOENT, "application \"%s\" does not exist"
#define LK_M_NO_TYPE 700111, LK_EX_NOENT, "type \"%s\" of application \"%s\" does not exist"
#define LK_M_NO_TAG 700112, LK_EX_NOENT, "tag \"%s\" does not exist"
#define LK_M_NO_ID 700113, LK_EX_NOENT, "id \"%s\" does not exist"
#define LK_M_NO_DEP 700114, LK_EX_NOENT, "\"%s\" does not depend on \"%s\""
#define LK_M_NO_EQV 700115, LK_EX_NOENT, "\"%s\" has no equivalency with \"%s\" on system \"%s\""
#define LK_M_NO_SYS 700116, LK_EX_NOENT, "system \"%s\" does not exist"
#define LK_M_NO_FLAG 700117, LK_EX_NOENT, "flag \"%s\" is not set"
#define LK_M_NO_PATH 700118, LK_EX_NOENT, "no such comm path: %s"
#define LK_M_NO_MATCH 700119, LK_EX_NOENT, "no instance matches"
#define LK_M_NO_ACTION 700120, LK_EX_NOENT, "type %s/%s has no action \"%s\""
#define LK_M_NO_LOCKFILE 700121, LK_EX_NOENT, "lock file \"%s\": %s"
#define LK_M_NO_PRIORITY 700122, LK_EX_NOENT, \
	"no equivalency gives system \"%s\" a priority in the hierarchy of \"%s\""
#define LK_M_NO_TYPE_ANYWHERE 700200, LK_EX_NOENT, "type \"%s\" does not exist in any application"
#define LK_M_NO_NODE 700123, LK_EX_NOENT, "nothing refers to system \"%s\""

/* refused deletes */
#define LK_M_KEPT 700130, LK_EX_INUSE, "\"%s\" is kept: \"%s\" still depends on it"
#define LK_M_DELETE_FAILED 700131, LK_EX_INUSE, "\"%s\" is kept: its delete action failed"

/* lk_chg_value: the numbers behind the codes are those of its own table (spec/core.md 3.14.1) */
#define LK_M_CHG_INVALID 700270, 2, "the result would not be valid: %s"
#define LK_M_CHG_IN_THE_WAY 700271, 2, "%s cannot become %s, which is there already"
#define LK_M_CHG_WHOLE_ID 700272, 5, \
	"id \"%s\" of \"%s\" would be replaced as a whole: give -F to allow it or -I to keep ids"
#define LK_M_CHG_RUNNING 700273, 3, "Lockkeeper is running: stop it first (lkstop)"
#define LK_M_CHG_NOT_ROOT 700274, 4, "only root may do this"
#define LK_M_CHG_NO_LKROOT 700275, 6, "the environment variable LKROOT is not set"
#define LK_M_CHG_NOTHING 700276, 7, "nothing matched"
#define LK_M_CHG_FILE 700277, 2, "%s: %s"
#define LK_M_CHG_LINE 700278, 2, "%s:%u: %s"
#define LK_M_CHG_OPTIONS 700279, 2, "%s"
#define LK_M_CHG_FAILED 700280, 1, "%s"

/* processes, scripts, the admin lock */
#define LK_M_LOCKFILE_USED 700220, LK_EX_EXISTS, "lock file \"%s\" is in use already, for %s"
#define LK_M_LOCK_LOST 700221, LK_EX_INTERNAL, "flag %s, for the admin lock, was removed by another process"
#define LK_M_LOCK_OWNER 700222, LK_EX_ARG, "process %ld, for which the lock is wanted, does not run"
#define LK_M_BAD_LOCKFILE 700223, LK_EX_INTERNAL, "lock file \"%s\": %s"
#define LK_M_LOCKF_HELD 700224, LK_EX_SYSTEM, "lock file \"%s\" is held by process %ld"
#define LK_M_RESERVED 700225, LK_EX_SYSTEM, "\"%s\" is reserved by process %ld"
#define LK_M_BAD_REPORT 700500, LK_EX_INTERNAL, "report of system \"%s\", line %u: %s"
#define LK_M_NO_QUESTION 700502, LK_EX_NOENT, "no failover of system \"%s\" waits for an answer"
#define LK_M_ASKED 703000, LK_EX_EXISTS, "a failover of system \"%s\" waits for an answer already"
#define LK_M_SPLIT_OPEN 700503, LK_EX_INTERNAL, \
	"\"%s\" has two owners (split brain): choose the survivor with lkcli resource resolve first"
#define LK_M_LOG_UNSEEN 700501, LK_EX_OK, "what is in service on \"%s\" is not known: %s"
#define LK_M_LOG_DECISION 700510, LK_EX_OK, "%s: %s"
#define LK_M_LOG_FAILOVER 700518, LK_EX_OK, "%s"
#define LK_M_LOG_CONFIRM 700519, LK_EX_OK, "%s"
#define LK_M_REMOTE_CODE 700226, LK_EX_SYSTEM, "%s on system \"%s\" ended with exit code %d"

/* the supervisor and its daemons; those with code 0 are lines of the log */
#define LK_M_RUNNING 700300, LK_EX_EXISTS, "Lockkeeper is running already (process %ld)"
#define LK_M_NO_PROGRAM 700301, LK_EX_NOENT, "program \"%s\": %s"
#define LK_M_DMN_START 700302, LK_EX_OK, "%s: started as process %ld (restart %u)"
#define LK_M_DMN_READY 700303, LK_EX_OK, "%s: ready"
#define LK_M_DMN_END 700304, LK_EX_OK, "%s: process %ld ended, %s"
#define LK_M_DMN_AGAIN 700305, LK_EX_OK, "%s: restart in %lld s"
#define LK_M_DMN_LATE 700306, LK_EX_OK, "%s: not ready after %u s, it is ended"
#define LK_M_DMN_KILL 700307, LK_EX_OK, "%s: did not end within %u s after TERM, it is killed"
#define LK_M_DMN_NOT 700308, LK_EX_SYSTEM, "%s: cannot be started: %s: %s"
#define LK_M_DMN_EVENT 700309, LK_EX_OK, "%s: event %s in state %s has no meaning"
#define LK_M_DMN_LEFT 700310, LK_EX_OK, "%s: process %ld was left by a supervisor that died, it is ended"
#define LK_M_INIT_START 700311, LK_EX_OK, "Lockkeeper starts, start id %s"
#define LK_M_INIT_UP 700312, LK_EX_OK, "all daemons are ready"
#define LK_M_INIT_STOP 700313, LK_EX_OK, "Lockkeeper stops (signal %d from process %ld)"
#define LK_M_INIT_END 700314, LK_EX_OK, "Lockkeeper has stopped"
#define LK_M_INIT_TABLE 700315, LK_EX_OK, "table read: %u daemons stay, %u come, %u go"
#define LK_M_INIT_SOCKET 700316, LK_EX_SYSTEM, "%s: longer than the %zu bytes that a socket's name may have"
#define LK_M_START_LATE 700317, LK_EX_SYSTEM, "%s is not ready after %llu s%s%s"
#define LK_M_START_DIED 700318, LK_EX_SYSTEM, "the daemons cannot be started%s%s"
#define LK_M_STOP_LATE 700319, LK_EX_SYSTEM, "the daemons have not ended within %d s: Lockkeeper is running still"
#define LK_M_STOP_FAILED 700320, LK_EX_SYSTEM, "%s was not taken out of service: %s"
#define LK_M_STOP_PEER 700321, LK_EX_COMM, \
	"system %s was not told that this is no failure (%s): it may take over"
#define LK_M_STOP_SCRIPTS 700322, LK_EX_SYSTEM, "lcdrecover %s remove: %s"
#define LK_M_STOP_NO_PID 700323, LK_EX_SYSTEM, \
	"Lockkeeper is running, but its process is not known: end lkinit by hand"
#define LK_M_STOP_BEGIN 700324, LK_EX_OK, "Lockkeeper is to stop: resources %s, other systems %s"
#define LK_M_START_BUSY 700326, LK_EX_SYSTEM, "not started: %s has been going on for %llu s"
#define LK_M_STOP_PARENT 700325, LK_EX_SYSTEM, "%s stays as it is, because of \"%s\" above it"
/* actions */
#define LK_M_NO_QUORUM 700360, LK_EX_INTERNAL, \
	"this system has no quorum and may not start resources: %s"
#define LK_M_ACTION_FAILED 700361, LK_EX_SYSTEM, "%s of \"%s\" failed: %s"
#define LK_M_BAD_QUORUM_MODE 700362, LK_EX_INTERNAL, "QUORUM_MODE \"%s\" is not known"
#define LK_M_BAD_WITNESS_MODE 703230, LK_EX_INTERNAL, "WITNESS_MODE \"%s\" is not known"
#define LK_M_QUORUM_PAIR 703231, LK_EX_INTERNAL, \
	"QUORUM_MODE \"%s\" and WITNESS_MODE \"%s\" do not go together"
#define LK_M_LOG_LAST_PAIR 703232, LK_EX_OK, \
	"%s: QUORUM_MODE \"%s\" and WITNESS_MODE \"%s\" stay in force"
#define LK_M_BAD_GRANT_TEXT 703234, LK_EX_INTERNAL, "what was asked or answered about promises, line %u: %s"
#define LK_M_GRANT_KEY 703235, LK_EX_INTERNAL, \
	"\"%s\": its equivalencies here and on system \"%s\" name different first systems"
#define LK_M_GRANT_SYSTEMS 703236, LK_EX_SYSTEM, "the systems have just been changed: ask again"
#define LK_M_GRANT_MEMBERS 703380, LK_EX_INTERNAL, \
	"the members differ: system \"%s\" knows %s, this one %s; nothing is granted until both know the same"
#define LK_M_LOG_MEMBERS 703381, LK_EX_OK, \
	"the members differ: system \"%s\" does not know the same systems as this one, and no majority is the same on both; " \
	"see lkcli cluster check"
#define LK_M_LOG_STOPPED 703400, LK_EX_OK, \
	"system \"%s\" was stopped in order before this one started, as others know: nothing fails over from it"
#define LK_M_LCM_LATE 703401, LK_EX_OK, "there is quorum: what was left out for want of it is made up for"
#define LK_M_NOT_GRANTED 703237, LK_EX_INTERNAL, "\"%s\" is not granted to this system by a majority: %s"
#define LK_M_LOG_NO_ANSWER 703239, LK_EX_OK, "system \"%s\" has not answered whether it grants: %s"
#define LK_M_LOG_GRANT_WAIT 703238, LK_EX_OK, "\"%s\" is not granted yet: %s"
#define LK_M_QUORUM_VERIFY 18166, LK_EX_OK, "quorum_verify(%s, %s): %s"
#define LK_M_WITNESS_VERIFY 18168, LK_EX_OK, "witness_verify(%s, %s): %s"
#define LK_M_QUORUM_HOSTS 703233, LK_EX_INTERNAL, "QUORUM_HOSTS \"%s\": %s"
#define LK_M_LOG_QUIET_WAIT 703350, LK_EX_OK, \
	"system \"%s\" may run what it had in service for %llu s yet: nothing is recovered before"
#define LK_M_REMOTE_RELEASE 700363, LK_EX_SYSTEM, \
	"system \"%s\" could not release what is to be restored here (exit code %d): nothing was restored"
#define LK_M_OWNER_SILENT 700364, LK_EX_COMM, \
	"\"%s\" belongs to system \"%s\" (epoch %llu), whose state is not known: not restored"
#define LK_M_OLD_EPOCH 700365, LK_EX_ARG, "epoch %llu of \"%s\" is older than %llu"
#define LK_M_SPLIT_BRAIN 700366, LK_EX_INTERNAL, \
	"split brain: \"%s\" has two owners of epoch %llu, \"%s\" and \"%s\""
#define LK_M_NO_EPOCH 700367, LK_EX_NOENT, "\"%s\" has no epoch"
#define LK_M_BAD_EPOCH 700369, LK_EX_USAGE, "\"%s\": TAG=EPOCH is needed"
#define LK_M_RESTORING 700370, LK_EX_SYSTEM, \
	"\"%s\" is being restored here by process %ld, and system \"%s\" has the better priority"
#define LK_M_STALE 700371, LK_EX_INTERNAL, \
	"system \"%s\" does not accept this one as the owner (exit code %d): nothing was restored"
#define LK_M_NOT_WITH_RELEASE 700372, LK_EX_USAGE, "options --release and -%c exclude each other"
#define LK_M_ONLY_RELEASE 700373, LK_EX_USAGE, "option %s needs --release"
#define LK_M_VANISHED 700368, LK_EX_SYSTEM, "\"%s\" does not exist any more"

/* lines of the log only */
#define LK_M_LOG_OUTPUT 700380, 0, "%s"
#define LK_M_LOG_BEGIN 700381, 0, "BEGIN %s of \"%s\" on server \"%s\""
#define LK_M_LOG_END 700382, 0, "END successful %s of \"%s\" on server \"%s\""
#define LK_M_LOG_FAILED 700383, 0, "END failed %s of \"%s\" on server \"%s\": %s"
#define LK_M_GLOBAL_FAILED 700340, LK_EX_SYSTEM, "%d of the global scripts failed"

/* lksupport, which is a shell script */
#define LK_M_SUP_ROOT 700344, LK_EX_SYSTEM, "only root may do this"
#define LK_M_SUP_FAILED 700345, LK_EX_SYSTEM, "%s"

/* sendevent: the numbers behind the codes are those of its own table (spec/core.md 3.12) */
#define LK_M_EVT_NO_CLASS 700330, 2, "event class \"%s\" does not exist"
#define LK_M_EVT_NO_EVENT 700331, 3, "class \"%s\" has no event \"%s\""
#define LK_M_EVT_INTERNAL 700332, 4, "option -A is for internal use only"
#define LK_M_EVT_NO_ID 700333, 5, "severity 0 clears an alarm: -i must say which one"
#define LK_M_EVT_ARG 700334, 1, "%s \"%s\": %s"
#define LK_M_EVT_HANDLER 700335, 1, "%s: %s"
#define LK_M_EVT_OUTPUT 700336, 0, "%s"
#define LK_M_EVT_SENT 700337, 0, "event %s/%s, severity %s, object \"%s\", id %s: %zu handlers"
#define LK_M_EVT_RECOVERY 700338, 1, "recovery of \"%s\": %s"
/* lcm: what it logs, and what it answers */
#define LK_M_LCM_DETECTED 701200, LK_EX_OK, "SAFETY CHECK DETECTED MACHINE \"%s\":PAUSING COMM_DOWN"
#define LK_M_LCM_REACHABLE 701201, LK_EX_OK, \
	"The remote node (%s) appears to be reachable. Waiting for confirmation."
#define LK_M_LCM_ABORTED 701202, LK_EX_OK, "SAFETY CHECK ABORTED:ABORTING COMM_DOWN"
#define LK_M_LCM_IS_UP 701203, LK_EX_OK, "The remote node (%s) is up."
#define LK_M_LCM_TIMED_OUT 701204, LK_EX_OK, \
	"SAFETY CHECK for \"%1$s\" timed out: assuming \"%1$s\" is down"
#define LK_M_LCM_SUSPECT 701205, LK_EX_OK, \
	"All comm paths to system \"%s\" are dead: the safety check begins"
#define LK_M_LCM_ABSENT 701206, LK_EX_OK, \
	"Nothing was heard of system \"%s\" since the start: taking it for down"
#define LK_M_LCM_TOLD 701207, LK_EX_OK, \
	"System \"%s\" has taken this one for down: comm_up follows"
#define LK_M_LCM_REBORN 701208, LK_EX_OK, \
	"Lockkeeper on system \"%s\" was restarted: comm_up follows"
#define LK_M_LCM_STRANGE 701209, LK_EX_OK, "System \"%s\": unexpected event \"%s\" in state %s: ignored"
#define LK_M_LCM_STALL 701210, LK_EX_OK, \
	"This node did not run for %u ms: safety checks begin anew"
#define LK_M_LCM_REFUSED 701211, LK_EX_OK, \
	"System \"%s\" comes back with an identity that it has given up: restart Lockkeeper there"
#define LK_M_LCM_ENVELOPE 701212, LK_EX_OK, "A message from system \"%s\" is dropped: %s"
#define LK_M_LCM_BUS 701213, LK_EX_OK, "The network process is of no use: %s"
#define LK_M_LCM_FILE 701214, LK_EX_OK, "%s: %s"
#define LK_M_LCM_EVENT 701215, LK_EX_OK, "Event %s of system \"%s\" begins"
#define LK_M_LCM_HANDLER 701216, LK_EX_OK, "Event %s cannot be sent: %s"
#define LK_M_LCM_HANDLER_CODE 701217, LK_EX_OK, "Event %s of system \"%s\" ended with exit code %d"
#define LK_M_LCM_OUTDATED 701218, LK_EX_OK, \
	"Event %s of system \"%s\" is outdated: its handlers are told to end"
#define LK_M_LCM_CONFIG 701219, LK_EX_OK, "Configuration: %s"
#define LK_M_LCM_BEAT 701226, LK_EX_OK, \
	"LCMHBEATTIME or LCMNUMHBEATS is out of range: heartbeats every %u ms, %u misses, are in force"
#define LK_M_LCM_NO_KEY 701220, LK_EX_OK, "No comm path can come up: %s"
#define LK_M_LCM_PATH 701221, LK_EX_OK, \
	"The comm path over %s to system \"%s\" is left out: there are too many, or its texts are too long"
#define LK_M_LCM_STOPPED 701224, LK_EX_OK, "System \"%s\" was stopped in order: no safety check"
#define LK_M_LCM_READY 701222, LK_EX_OK, "lcm of system \"%s\" is ready"
#define LK_M_LCM_STOPS 701223, LK_EX_OK, "lcm of system \"%s\" stops"
#define LK_M_LCM_SILENT 700401, LK_EX_COMM, "the communication manager of this node does not answer"
#define LK_M_LCM_MALFORMED 700402, LK_EX_INTERNAL, \
	"the communication manager sent something that cannot be understood"
#define LK_M_REMOTE_LOST 700403, LK_EX_COMM, \
	"Communication failure: destination system \"%s\" went out of service; whether the command ended there is not known"
#define LK_M_REMOTE_TIMEOUT 700404, LK_EX_COMM, \
	"Communication failure: destination system \"%s\" did not answer within %g s"
#define LK_M_REMOTE_REFUSED 700405, LK_EX_INTERNAL, "the command for system \"%s\" was refused: %s"
#define LK_M_REMOTE_NO_LCM 700406, LK_EX_COMM, \
	"the communication manager ended while system \"%s\" was asked"
#define LK_M_LCM_RUNS 700400, LK_EX_EXISTS, "lcm runs already, in %s"

/* the cluster's key */
#define LK_M_NO_KEY 700460, LK_EX_NOENT, \
	"there is no cluster key in %s/etc/lkkey: make one on one system (lkkey create) and bring it to the others (lkkey install)"
#define LK_M_KEY_UNSAFE 700461, LK_EX_ARG, "%s/etc/lkkey is not used: %s"
#define LK_M_CRYPTO 700462, LK_EX_SYSTEM, "cryptography: %s"
#define LK_M_KEY_EXISTS 700463, LK_EX_EXISTS, \
	"there is a key in %s/etc/lkkey already: lkkey show tells which, --force replaces it"
#define LK_M_KEY_TERMINAL 700464, LK_EX_ARG, \
	"the key is not shown on a terminal: lkkey show --secret | ssh SYSTEM lkkey install -"
#define LK_M_KEYS_FULL 700465, LK_EX_LIMIT, \
	"there are %d keys already: end the last rotation first (lkkey rotate --finish)"
#define LK_M_NO_SUCH_KEY 700466, LK_EX_NOENT, "no key has the fingerprint \"%s\""
#define LK_M_ROTATE_STOPPED 700467, LK_EX_COMM, "stopped at system \"%s\" (%s): %s"
#define LK_M_NO_ROTATION 700468, LK_EX_NOENT, "there is only one key: no rotation is to be finished"
#define LK_M_ROTATION_EARLY 700469, LK_EX_ARG, \
	"the new key is not in use yet: run lkkey rotate first"
#define LK_M_KEY_OPTION 700470, LK_EX_USAGE, "lkkey %s does not take the option -%s%s"

/* calls on other systems, through lcm */
#define LK_M_CALL_LOST 700471, LK_EX_COMM, "Communication failure: system \"%s\": %s"
/* lkcli, a script: one number for each exit code */
#define LK_M_CLI_SYSTEM 700481, LK_EX_SYSTEM, "%s"
#define LK_M_CLI_USAGE 700482, LK_EX_USAGE, "%s"
#define LK_M_CLI_EXISTS 700484, LK_EX_EXISTS, "%s"
#define LK_M_CLI_ARG 700485, LK_EX_ARG, "%s"
#define LK_M_CLI_NOENT 700487, LK_EX_NOENT, "%s"
#define LK_M_CLI_INUSE 700488, LK_EX_INUSE, "%s"
#define LK_M_CLI_COMM 700489, LK_EX_COMM, "%s"

/* mailboxes */
#define LK_M_MAIL_FULL 700490, LK_EX_LIMIT, "mailbox \"%s\" has %d messages, which is the limit: rcv_msg takes them"
#define LK_M_MAIL_BOXES 700491, LK_EX_LIMIT, "there are %d mailboxes, which is the limit"
#define LK_M_MAIL_NONE 700492, LK_EX_NOENT, "mailbox \"%s\" has no message"

/* lcdrcp */
#define LK_M_RCP_DAMAGED 700474, LK_EX_INTERNAL, "what was received is damaged: %s"
#define LK_M_RCP_SOURCE 700475, LK_EX_ARG, "file \"%s\": %s"
#define LK_M_RCP_TARGET 700476, LK_EX_ARG, "target \"%s\": %s"
#define LK_M_RCP_MANY 700477, LK_EX_LIMIT, "more than %d files"
#define LK_M_LOG_UNKNOWN 700384, 0, \
	"the state of system \"%s\" is not known (%s): it was not asked to release \"%s\""
#define LK_M_LOG_PUSH 700385, 0, "system \"%s\" could not be told the new epochs: %s"

/* the network process of lcm, and its disk helpers: in the log only, the exit codes stand for nothing */
#define LK_M_NET_MORE 701000, 1, "%s: message %u came %u more times within %d s"
#define LK_M_NET_LOST 701001, 1, "%u log lines of the network process were lost: the main process was busy"
#define LK_M_NET_START 701002, 1, "the network process cannot start: %s"
#define LK_M_NET_TERMS 703190, LK_EX_OK, "system \"%s\" has a lease of %u ms and a QUORUM_LOSS_DEADLINE of %u ms, " \
	"this one of %u ms and %u ms: the larger ones count, make them equal"
#define LK_M_NET_SAME_TERMS 703440, LK_EX_OK, "system \"%s\" has the same lease and QUORUM_LOSS_DEADLINE as this one again"
#define LK_M_TERMS_UNKEPT 703441, LK_EX_OK, "what system \"%s\" tells of its lease cannot be kept, so that its heartbeats " \
	"are not confirmed: %s"
#define LK_M_TERMS_KEPT 703442, LK_EX_OK, "what system \"%s\" tells of its lease is kept again"
#define LK_M_TERMS_LOST 703443, LK_EX_OK, "what was kept of the lease of system \"%s\" cannot be read: until it is heard the " \
	"longest times there are count, 6060 s and 600 s: %s"
#define LK_M_QWK_TERMS 720400, LK_EX_INTERNAL, "qwk object: lease and stop make no sense"
#define LK_M_QWK_DIFFER 720401, LK_EX_OK, "system \"%s\" has storage settings of %u ms " \
	"(QWK_STORAGE_HBEATTIME * QWK_STORAGE_NUMHBEATS) and a QUORUM_LOSS_DEADLINE of %u ms, this one of %u ms and " \
	"%u ms: the larger ones count, make them equal"
#define LK_M_QWK_DEBUG 703421, LK_EX_OK, "QUORUM_DEBUG must be 0 or 1, and counts as 0: %s"
#define LK_M_QWK_SMALLER 703422, LK_EX_OK, "system \"%s\": %u ms and a QUORUM_LOSS_DEADLINE of %u ms count now, " \
	"and no longer %u ms and %u ms"
#define LK_M_QWK_LEFT 720402, LK_EX_OK, "system \"%s\" has left the storage mode: what it runs is not taken over"
#define LK_M_LEASE_FILE 703191, LK_EX_OK, "the lease of this node is not published, so that it has none: %s"
#define LK_M_LEASE_HAVE 703192, LK_EX_OK, "this node has a lease"
#define LK_M_LEASE_TURNED 703310, LK_EX_OK, "what runs here needs %s now, and no longer %s"
#define LK_M_QUORUM_NUMBER 703455, LK_EX_INTERNAL, "a setting of quorum cannot be used: %s"
#define LK_M_HOLDS_NONE 703450, LK_EX_OK, \
	"system \"%s\" holds itself to no lease (QUORUM_MODE, or an older version): what it runs is not taken over until it " \
	"does, was fenced or is confirmed to be off; make the modes equal, see lk-quorum(7)"
#define LK_M_HOLDS_LEAVING 703451, LK_EX_OK, \
	"system \"%s\" has a QUORUM_MODE without a lease: it keeps its lease until it is started anew"
#define LK_M_HOLDS_HERE 703452, LK_EX_OK, \
	"QUORUM_MODE asks for no lease here, and system \"%s\" holds itself to one: nothing shared is started here; make the " \
	"modes equal, see lk-quorum(7)"
#define LK_M_HOLDS_KEPT 703453, LK_EX_OK, \
	"QUORUM_MODE is %s now, and other systems count on the lease of this one: it stays in force until this system is " \
	"started anew, or all have turned it off"
#define LK_M_HOLDS_MENDED 703454, LK_EX_OK, "the modes of quorum here and on system \"%s\" go together again"
#define LK_M_LEASE_UNFINISHED 703420, LK_EX_OK, "quorum was lost before: what that has begun is finished, and its deadline stays"
#define LK_M_LEASE_LAPSED 703193, LK_EX_OK, "neither heartbeats nor a write of the own object were confirmed in time: " \
	"its lease is lost, and what it runs must end"
#define LK_M_LEASE_LOSS_END 703194, LK_EX_OK, "lk_quorumloss has ended with exit code %d: it is started again"
#define LK_M_LEASE_CLEAR 703195, LK_EX_OK, "nothing is in service here any more: this node may have a lease again"
#define LK_M_NET_USER 701003, 1, "user \"%s\" does not exist: the network process runs as \"%s\""
#define LK_M_NET_WITHOUT 701004, 1, "the network process goes on without %s: %s"
#define LK_M_NET_EPOLL 701005, 1, "epoll: %s"
#define LK_M_NET_STALL 701006, 1, "the network process did not run for %u ms: nobody is declared dead for it"
#define LK_M_NET_NO_PROBES 701007, 1, "hosts cannot be probed: %s"
#define LK_M_NET_ADDRESS 701010, 1, "comm path %s to %s: bad addresses %s and %s"
#define LK_M_NET_LISTEN 701011, 1, "comm path %s to %s: address %s port %u: %s"
#define LK_M_NET_ALIVE 701012, 1, "comm path %s to %s is ALIVE"
#define LK_M_NET_DEAD 701013, 1, "comm path %s to %s is DEAD: no sign of life for %u ms"
#define LK_M_NET_NEVER 701014, 1, "comm path %s to %s is DEAD: nothing heard in the first %u ms"
#define LK_M_NET_DIFFERS 701015, 1, \
	"comm path %s to %s: heartbeats every %u ms, %u misses there, %u ms, %u misses here: DEAD after %u ms"
#define LK_M_NET_STRANGER 701020, 1, "comm path %s to %s: connection from another address, %s: closed"
#define LK_M_NET_FLOOD 701021, 1, "comm path %s to %s: too many unfinished connections from %s: closed"
#define LK_M_NET_SLOW 701022, 1, "comm path %s to %s: a connection with %s was not finished in time: closed"
#define LK_M_NET_TLS 701023, 1, "comm path %s to %s: no secure connection %s %s: %s"
#define LK_M_NET_GARBAGE 701024, 1, "comm path %s to %s: the connection is damaged: %s"
#define LK_M_NET_FRAME 701025, 1, "comm path %s to %s: bad frame: %s (type %u)"
#define LK_M_NET_UNKNOWN 701026, 1, "comm path %s to %s: frame of unknown type %u: ignored"
#define LK_M_NET_HELLO 701027, 1, "comm path %s to %s: %s claims to be \"%s\": refused: %s"
#define LK_M_NET_REJECTED 701028, 1, "comm path %s to %s: refused by the other side: %s"
#define LK_M_NET_QUEUE 701029, 1, "too much data waits for system \"%s\": dropped, to be sent again"
#define LK_M_NET_DEVICE 701030, 1, "comm path %s to %s: %s"
#define LK_M_NET_LINE 701031, 1, "comm path %s to %s: %u bytes on the line are no heartbeats of this cluster"
#define LK_M_NET_SLOT 701032, 1, "comm path %s to %s: the other slot has no heartbeat of this cluster"
#define LK_M_NET_FOREIGN 701033, 1, \
	"comm path %s to %s: there is other data on the device: nothing is written; " \
	"if it may go: dd if=/dev/zero of=%s bs=4096 count=2"
/* lkwhy */
#define LK_M_NO_STORY 700580, LK_EX_NOENT, "nothing is known of \"%s\""
#define LK_M_BAD_SINCE 700581, LK_EX_ARG, \
	"--since \"%s\": a time such as 10m, 2h, 3d or 2026-11-25T20:00 is needed"
/* network addresses, for kits */
#define LK_M_BAD_IP 710240, LK_EX_ARG, "\"%s\" is not an IP address"
#define LK_M_BAD_MASK 710241, LK_EX_ARG, "\"%s\" is not a netmask"
#define LK_M_NO_DEVICE 710242, LK_EX_NOENT, "there is no network interface \"%s\""
#define LK_M_DEVICE_DOWN 710243, LK_EX_SYSTEM, "network interface \"%s\" is down"
#define LK_M_NO_HOST 710244, LK_EX_NOENT, "\"%s\" cannot be resolved: %s"
#define LK_M_NOT_UNICAST 710245, LK_EX_ARG, "\"%s\" cannot be moved between hosts"
#define LK_M_NO_SUBNET 710246, LK_EX_ARG, \
	"no network interface has an address in the subnet of %s: name the interface and the netmask"
#define LK_M_OTHER_DEVICE 710247, LK_EX_ARG, \
	"the subnet of %s/%u is on network interface \"%s\", which must be used"
#define LK_M_FS_SILENT 710250, LK_EX_COMM, "%s has not answered within %llu s"
#define LK_M_NO_ANSWER 710248, LK_EX_COMM, "no other host has answered"
#define LK_M_ADDRESS_TAKEN 710249, LK_EX_EXISTS, \
	"%s is in use by %02x:%02x:%02x:%02x:%02x:%02x on network interface \"%s\""

/* recovery of a failed resource, and its checks; those with code 0 are lines of the log */
#define LK_M_FLR_STEP 700522, 0, "%s"
#define LK_M_FLR_BUSY 700523, LK_EX_EXISTS, "a recovery of \"%s\" is under way"
#define LK_M_FLR_FAILED 700524, LK_EX_SYSTEM, "recovery of \"%s\" has failed: %s"
#define LK_M_FLR_STUCK 700525, LK_EX_SYSTEM, "failed to remove resource '%s': %s"
#define LK_M_FLR_HALTED 4788, 0, "failed to remove resource '%s'. SYSTEM HALTED."
#define LK_M_FLR_LOCAL 1620, 0, "*ERROR* (No. 1620) Local recovery of resource %s failed."
#define LK_M_CHK_READY 700530, 0, "the monitor is ready: %u resources"
#define LK_M_CHK_END 700531, 0, "the monitor ends, by signal %d"
#define LK_M_CHK_RUNS 700532, LK_EX_EXISTS, "the monitor of %s is running already"
#define LK_M_CHK_FAILED 700533, 0, "%s of \"%s\" has failed: %s"
#define LK_M_CHK_CANNOT 700534, 0, "%s of \"%s\" cannot tell: %s"
#define LK_M_CHK_AGAIN 700535, 0, "%s of \"%s\": healthy again"
#define LK_M_CHK_PROCESS 700536, 0, "\"%s\" is checked now: process %ld has ended"
#define LK_M_CHK_LOST 700537, 0, "\"%s\" is checked now: lost %s"
#define LK_M_CHK_ALRM 1047, 0, "END failed %s of \"%s\" due to a \"ALRM\" signal."
#define LK_M_WCH_NO_PROCESS 700538, LK_EX_NOENT, "process %ld does not run"
#define LK_M_WCH_MANY 700539, LK_EX_LIMIT, "a resource has at most %d processes that are watched"

/* a reboot as the last resort */
#define LK_M_REBOOT_SOON 703070, LK_EX_OK, "this system reboots in %llu s: %s"
#define LK_M_REBOOT_NOW 703071, LK_EX_SYSTEM, "this system reboots now: %s"
#define LK_M_REBOOT_LATE 703072, LK_EX_OK, "the recovery of \"%s\" has not ended after %llu min"
#define LK_M_REBOOT_CHECK 703073, LK_EX_OK, "%s of \"%s\" was not finished after %u s"
/* storage quorum; documented numbers, spec/kits.md 2; lkqwk(8) has the table, also of those that cannot occur */
#define LK_M_QWK_LOCKED 18100, 0, "lock taken: file=%s"
#define LK_M_QWK_UNLOCKED 18101, 0, "lock released: file=%s"
#define LK_M_QWK_LATE 18102, 0, \
	"Periodic storage quorum check has not been done for %lld ms, " \
	"which exceeds 2*QWK_STORAGE_HBEATTIME (%lld) ms."
#define LK_M_QWK_USAGE 18104, LK_EX_USAGE, "usage: %s"
#define LK_M_QWK_START 18105, 0, "starting %s: %u systems, every %u s, %u misses, %u own objects"
#define LK_M_QWK_CONFIG 18106, LK_EX_SYSTEM, \
	"lkqwk does not start, since its settings cannot be used: run qwk_storage_exit and qwk_storage_init on all systems"
#define LK_M_QWK_NO_START 18107, LK_EX_SYSTEM, "lkqwk cannot start: %s"
#define LK_M_QWK_STATE_BEGIN 18108, 0, \
	"what is known of the systems cannot be kept, so that this system has no quorum: %s"
#define LK_M_QWK_STATE 18109, 0, \
	"what is known of the systems cannot be kept any more, so that this system loses its quorum: %s"
#define LK_M_QWK_END 18111, 0, "shutdown %s"
#define LK_M_QWK_CONF_OPEN 18112, LK_EX_SYSTEM, "open for %s failed: %s"
#define LK_M_QWK_NO_OBJECT 18113, LK_EX_SYSTEM, "the object path for %s is missing in %s: %s is not set"
#define LK_M_QWK_CONF_LINE 18114, LK_EX_SYSTEM, "%s: '%s' is unknown config: run qwk_storage_exit and qwk_storage_init on all systems"
#define LK_M_QWK_HBEATTIME 18115, LK_EX_SYSTEM, \
	"configuration of hbeattime '%s' is incorrect. " \
	"QWK_STORAGE_HBEATTIME must be a whole number of seconds from 5 to 10."
#define LK_M_QWK_NUMHBEATS 18116, LK_EX_SYSTEM, \
	"configuration of numhbeats '%s' is incorrect. " \
	"QWK_STORAGE_NUMHBEATS must be a whole number from 3 to 99."
#define LK_M_QWK_LCMHBEATTIME 18118, LK_EX_SYSTEM, \
	"configuration of lcmhbeattime '%s' is incorrect. " \
	"It must not be larger than QWK_STORAGE_HBEATTIME, %u."
#define LK_M_QWK_LCMNUMHBEATS 18119, LK_EX_SYSTEM, \
	"configuration of lcmnumhbeats '%u' is incorrect. " \
	"It must not be larger than QWK_STORAGE_NUMHBEATS, %u."
#define LK_M_QWK_TYPE 18120, LK_EX_SYSTEM, \
	"configuration of qwk_object_type '%s' is incorrect. " \
	"QWK_STORAGE_TYPE must be file, block or aws_s3."
#define LK_M_QWK_MY_NODE 18121, LK_EX_SYSTEM, "configuration of my_node '%s' is incorrect: %s"
#define LK_M_QWK_NUMBER 18122, LK_EX_SYSTEM, \
	"configuration of number_of_node '%u' is incorrect. Storage mode is for 2 to 4 systems."
#define LK_M_QWK_OBJECTS 18123, LK_EX_SYSTEM, \
	"configuration of number_of_object '%u' is incorrect. System \"%s\" may have %u."
#define LK_M_QWK_OBJECT_NODE 18124, LK_EX_SYSTEM, "configuration of object node '%s' is incorrect: %s"
#define LK_M_QWK_PATH 18125, LK_EX_SYSTEM, "configuration of object path '%s' is incorrect. %s: %s"
#define LK_M_QWK_OWN_OBJECT 18126, LK_EX_SYSTEM, \
	"there is no object of this system, %s, in %s: %s is not set"
#define LK_M_QWK_READ_OPEN 18127, LK_EX_SYSTEM, "open for %s failed: %s"
#define LK_M_QWK_READ 18128, LK_EX_SYSTEM, "read for %s failed: %s"
#define LK_M_QWK_GET_RUN 18129, LK_EX_SYSTEM, "the program to read %s could not be run: %s"
#define LK_M_QWK_WRITE_OPEN 18130, LK_EX_SYSTEM, "open for %s failed: %s"
#define LK_M_QWK_WRITE 18131, LK_EX_SYSTEM, "write for %s failed: %s"
#define LK_M_QWK_PUT_RUN 18132, LK_EX_SYSTEM, "the program to write %s could not be run: %s"
#define LK_M_QWK_NO_SIGNATURE 18135, LK_EX_INTERNAL, "'signature=' line is missing."
#define LK_M_QWK_SIGNATURE 18136, LK_EX_INTERNAL, "signature '%s' does not match."
#define LK_M_QWK_NO_LOCAL 18137, LK_EX_INTERNAL, "'local_node=' line is missing."
#define LK_M_QWK_LOCAL 18138, LK_EX_INTERNAL, "local_node '%s' does not match."
#define LK_M_QWK_NO_TIME 18139, LK_EX_INTERNAL, "'time=' line is missing."
#define LK_M_QWK_NO_SEQUENCE 18140, LK_EX_INTERNAL, "'sequence=' line is missing."
#define LK_M_QWK_SEQUENCE 18141, LK_EX_INTERNAL, "sequence '%s' scan failed."
#define LK_M_QWK_NO_NODE 18142, LK_EX_INTERNAL, "'node=' line is missing or wrong. index=%u"
#define LK_M_QWK_NO_COMMSTAT 18143, LK_EX_INTERNAL, "'commstat=' line is missing. index=%u"
#define LK_M_QWK_NO_CHECKSUM 18144, LK_EX_INTERNAL, "'checksum=' line is missing."
#define LK_M_QWK_CHECKSUM_SCAN 18145, LK_EX_INTERNAL, "checksum '%s' scan failed."
#define LK_M_QWK_CHECKSUM 18146, LK_EX_INTERNAL, "checksum does not match."
#define LK_M_QWK_FOUND 18147, 0, "valid qwk object is found, sequence=%llu"
#define LK_M_QWK_FRESH 18148, 0, "invalid qwk object is found, initialised to sequence 0: %s"
#define LK_M_QWK_NOT_FOUND 18149, LK_EX_SYSTEM, "qwk object was not found. %s"
#define LK_M_QWK_WROTE 18150, 0, "write sequence %llu"
#define LK_M_QWK_SAW 18153, 0, "read sequence %llu of \"%s\""
#define LK_M_QWK_FAILED 18151, 0, "failed to read qwk object of \"%s\": %s"
#define LK_M_QWK_BAD 18152, 0, "failed to decode node_info of \"%s\": %s"
#define LK_M_QWK_BACK 18154, 0, "sequence of \"%s\" backed down from %llu to %llu"
#define LK_M_QWK_NOMEM 18155, LK_EX_SYSTEM, "no memory for %zu bytes: %s"
#define LK_M_QWK_CHILD 18156, LK_EX_SYSTEM, "the process for an access to %s could not be started: %s"
#define LK_M_QWK_SAME_VIEW 18157, 0, "lcd sys state: %s (this system sees \"%s\" like that, and is seen by it like that)"
#define LK_M_QWK_OWN_VIEW 18158, 0, "lcd sys state of \"%s\" seen from this system: %s"
#define LK_M_QWK_THEIR_VIEW 18159, 0, "lcd sys state of this system seen from \"%s\": %s"
#define LK_M_QWK_REMOTE_DOWN 18160, 0, "remote node \"%s\" is DOWN. quiet_period=%lld"
#define LK_M_QWK_CR4 18161, 0, "timeout (status=CR4) \"%s\": %s"
#define LK_M_QWK_CR3 18162, 0, "quorum failed (status=CR3) \"%s\": %s"
#define LK_M_QWK_CR1 18163, 0, "remote node up (status=CR1) \"%s\": %s"
#define LK_M_QWK_CR2 18164, 0, "remote node down (status=CR2) \"%s\": %s"
#define LK_M_QWK_PROGRESS 18165, 0, "quorum check of \"%s\" in progress: %u / %u"
#define LK_M_QWK_TARGET 18167, 0, "target_node '%s' is unknown"
#define LK_M_QWK_TERMINATE 18169, 0, "terminate() by signal %d"
#define LK_M_QWK_ASKING 18193, 0, \
	"the process that asks lcm how this system sees the others could not be started: %s"
#define LK_M_QWK_NODE_STATE 18209, LK_EX_INTERNAL, "'%s' is unknown node state"
#define LK_M_QUORUM_STATE 18210, 0, "'%s' is unknown quorum state: %s is written anew"
#define LK_M_QWK_RESTORED 18211, 0, "qwk object was restored."
#define LK_M_QWK_GAINED 18212, 0, "quorum state changed to %s."
#define LK_M_QWK_LOST 18213, 0, "quorum state changed to %s."
#define LK_M_QWK_EMPTY 18215, LK_EX_INTERNAL, "%s is empty"
#define LK_M_QWK_S3GET 18216, LK_EX_SYSTEM, "qwk_storage_s3get for %s failed: %d (%s)"
#define LK_M_QWK_S3PUT 18217, LK_EX_SYSTEM, "qwk_storage_s3put for %s failed: %d (%s)"
#define LK_M_QWK_FIRST 18218, 0, \
	"first cycle did not complete before timeout (%lld ms), completed_num=%u"
#define LK_M_QWK_UNKNOWN 18219, LK_EX_NOENT, \
	"Cannot find the configuration for node '%s' in the configuration file. " \
	"If the cluster has changed since it was initialised, run qwk_storage_exit and then " \
	"qwk_storage_init on all systems."
/* and ours; 703112 and 703118 were what is 18112 and 18135 to 18138 now */
#define LK_M_QWK_REMOTE_UP 703110, 0, "remote node \"%s\" is UP: its object is updated"
#define LK_M_QWK_RUNS 703111, LK_EX_EXISTS, "the storage quorum daemon of %s is running already"
#define LK_M_QWK_MODE 703113, LK_EX_SYSTEM, "%s is \"%s\": both QUORUM_MODE and WITNESS_MODE must be storage"
#define LK_M_QWK_ALIKE 703114, LK_EX_SYSTEM, \
	"the names of systems \"%s\" and \"%s\" differ only by '-', '.' and '_': " \
	"storage mode cannot tell their objects apart"
#define LK_M_QWK_NO_PATH 703115, LK_EX_SYSTEM, "there is no comm path to system \"%s\": make one on both systems"
#define LK_M_QWK_DEAD_PATH 703116, LK_EX_SYSTEM, \
	"comm path %s to system \"%s\" is %s: all must be ALIVE"
#define LK_M_QWK_OTHER_CONF 703117, LK_EX_SYSTEM, \
	"the storage quorum is initialised with other settings: " \
	"run qwk_storage_exit on all systems first"
#define LK_M_QWK_SLOW 703119, LK_EX_SYSTEM, "%s: no answer within %lld ms, see whether the storage is reached"
#define LK_M_QWK_BUSY 703120, LK_EX_SYSTEM, \
	"%s: an earlier access still hangs, and there is no other one before it ends: see whether the storage is reached"
#define LK_M_QWK_DIFFERS 703121, LK_EX_SYSTEM, \
	"%s: what was read back is not what was written: see whether another system writes to it, too"
#define LK_M_QWK_IDLE 703122, 0, "%s ends: the storage quorum is no longer initialised"
#define LK_M_QWK_NO_DAEMON 703123, LK_EX_SYSTEM, "the storage quorum is initialised, but not at work: %s"
#define LK_M_QWK_GOES_ON 703124, LK_EX_SYSTEM, \
	"lkqwk has not ended, so that the own object has not been cleared: end it and run qwk_storage_exit again"
#define LK_M_QWK_LEAVING 703330, LK_EX_SYSTEM, \
	"the storage mode is being left, and the own object has not been cleared: run qwk_storage_exit again"
#define LK_M_QWK_UNCLEARED 703331, LK_EX_SYSTEM, \
	"the own object has not been cleared, run qwk_storage_exit again, or with -y if it never can be: %s"
#define LK_M_QWK_OBJECT_UNKNOWN 703333, LK_EX_SYSTEM, \
	"which object is this system's is not known, and others that are in the storage mode would take it for dead: mend the " \
	"file, or run qwk_storage_exit -y if all others have left the mode: %s"
#define LK_M_QWK_OTHERS_IN 703334, LK_EX_SYSTEM, \
	"resources are in service here, and system \"%s\" could take this one for dead (%s): run qwk_storage_exit there first, " \
	"or take them out of service"
#define LK_M_QWK_ABANDONED 703335, LK_EX_OK, \
	"the storage mode was left and the own object was not cleared, on the word of an operator that nobody takes this " \
	"system for dead by it: %s"
#define LK_M_QWK_IN_MODE 703336, LK_EX_INTERNAL, "this system is in the storage mode"
#define LK_M_QWK_LARGE 703332, LK_EX_SYSTEM, "%s is larger than 4096 bytes: it is no qwk object"
/* the watchdog and the end of this node; those with code 0 are lines of the log */
#define LK_M_WD_OPEN 703150, LK_EX_SYSTEM, "watchdog device \"%s\": %s"
#define LK_M_WD_NOT 703151, 0, \
	"\"%s\" is no watchdog device (%s): it ends nothing"
#define LK_M_WD_ARMED 703152, 0, "watchdog \"%s\" (%s) is armed, timeout %u s"
#define LK_M_WD_NONE 703153, 0, \
	"there is no watchdog device: this node is ended by lkwatchdog itself, unless that is killed or the kernel hangs"
#define LK_M_WD_LONG 703154, 0, \
	"the timeout of watchdog \"%s\", %u s, is longer than QUORUM_LOSS_DEADLINE, %s s, and the device takes no shorter one: " \
	"it may reset this node, which has the right to run resources; set QUORUM_LOSS_DEADLINE to %u or more at once"
#define LK_M_WD_NOWAYOUT 703155, 0, \
	"watchdog \"%s\" cannot be disarmed (nowayout): the machine is reset %u s after lkwatchdog has ended"
#define LK_M_WD_NOMAGIC 703156, 0, \
	"watchdog \"%s\" is disarmed when lkwatchdog is killed: it has no magic close"
#define LK_M_WD_HOLD 703157, 0, \
	"the right to run resources has ended: this node is ended in %s s, unless they are out of service"
#define LK_M_WD_FRESH 703158, 0, "the node goes on: %s"
#define LK_M_WD_END 703159, 0, \
	"the deadline has come and resources may be in service: this node is ended (%s)"
#define LK_M_END_FAILED 703160, LK_EX_SYSTEM, "this node cannot be ended (%s): %s"
#define LK_M_WD_DISARMED 703161, 0, "watchdog \"%s\" is disarmed"
#define LK_M_WD_STOPPED 703162, 0, "lkwatchdog ends in order"
#define LK_M_WD_UNWATCHED 703163, 0, \
	"resources stay in service and nothing ends them any more, also if others take them over"
#define LK_M_WD_ORPHAN 703164, 0, "the supervisor (process %ld) has ended: lkwatchdog goes on"
#define LK_M_WD_LEFT 703165, 0, "lkwatchdog is ended by process %ld: its device stays armed"
#define LK_M_WD_LATER 703166, 0, \
	"the right to run resources has ended and they may be in service: lkwatchdog does not end before they do"
#define LK_M_WD_LEASE 703167, 0, "the lease cannot be read: %s"
#define LK_M_WD_TERMS 703370, 0, \
	"this node has the right to run resources, but the terms hold its watchdog back: a timeout of %u s is too long for them"
#define LK_M_WD_REFUSED 703371, LK_EX_SYSTEM, \
	"watchdog device \"%s\": its timeout, %u s, is longer than QUORUM_LOSS_DEADLINE, %s s, and it takes no shorter one: " \
	"set QUORUM_LOSS_DEADLINE to %u or more (600 at most)"
#define LK_M_WD_TIMEOUT 703372, 0, "the timeout of watchdog \"%s\" is now %u s"
#define LK_M_WD_UNOPENED 703373, LK_EX_SYSTEM, \
	"watchdog device \"%s\": its timeout, %u s, is longer than QUORUM_LOSS_DEADLINE, %s s, and it takes no shorter one: " \
	"it was not opened; set QUORUM_LOSS_DEADLINE to %u or more (600 at most)"
#define LK_M_WD_AGAIN 703374, LK_EX_SYSTEM, \
	"watchdog device \"%s\" was not opened, since it cannot be disarmed (nowayout) and would reset the machine again " \
	"and again: when it was opened last it could not be used. Change the tunables or the driver, or remove " \
	"config/watchdog.refused to try it again. The reason then: %s"
#define LK_M_WD_NO_ROOM 703375, LK_EX_SYSTEM, \
	"watchdog device \"%s\" was not opened, since it cannot be disarmed (nowayout) and no refusal could be kept: %s"
#define LK_M_WD_NOT_YET 703376, 0, "watchdog device \"%s\" is not opened so near to the deadline"
#define LK_M_WD_STATUS 703377, 0, "what is known of the watchdog could not be written: %s"
#define LK_M_WD_SLOW 703168, 0, "%s is not permitted (%s): lkwatchdog goes on without"
#define LK_M_QL_NOTHING 703170, 0, "quorum is lost; nothing is in service here, so there is nothing to do"
#define LK_M_QL_BEGIN 703171, 0, "quorum is lost and resources are in service: %s"
#define LK_M_QL_FAILED 703172, LK_EX_SYSTEM, \
	"quorum is lost and not everything could be taken out of service: lkwatchdog ends this node"
#define LK_M_QL_DONE 703173, 0, "quorum is lost; everything has been taken out of service"
#define LK_M_QL_BUSY 703174, LK_EX_EXISTS, "another lk_quorumloss is at work"
#define LK_M_QL_NO_INIT 703175, LK_EX_SYSTEM, "there is no quarantine: lkinit does not run"
#define LK_M_QL_NONE 703176, LK_EX_NOENT, "this system is not in quarantine"
#define LK_M_INIT_QUARANTINE 703180, 0, \
	"quarantine after a loss of quorum: no daemon runs for %lld s; lkstop ends it"
#define LK_M_INIT_RELEASED 703181, 0, "the quarantine is over: start %s"
#define LK_M_START_QUARANTINE 703182, LK_EX_SYSTEM, \
	"this system is in quarantine after a loss of quorum, for %lld s more; lkstop ends that"
#define LK_M_FENCE_LINE 703280, LK_EX_ARG, "%s, line %u: %s"
#define LK_M_FENCE_FILE 703281, LK_EX_ARG, \
	"%s/%s must be a file of root that nobody else can read or write (chmod 600): it has passwords"
#define LK_M_FENCE_NONE 703282, LK_EX_NOENT, "no fence device is configured for system \"%s\": %s/%s"
#define LK_M_FENCE_FAILED 703283, LK_EX_SYSTEM, \
	"system \"%s\" is not known to have stopped: no fence device has confirmed it"
#define LK_M_LOG_FENCED 703284, LK_EX_OK, "system \"%s\" is fenced: device \"%s\", action %s"
#define LK_M_LOG_FENCE_AGENT 703285, LK_EX_OK, "fence device \"%s\": %s, action %s, has ended with exit code %d"
#define LK_M_FENCE_SELF 703286, LK_EX_ARG, "\"%s\" is this system, which does not fence itself"
#define LK_M_FENCE_SILENT 703287, LK_EX_SYSTEM, "fence device \"%s\" of system \"%s\" does not answer"
#define LK_M_FENCE_BACK 703289, LK_EX_SYSTEM, "system \"%s\" is ALIVE again: it is not fenced"
#define LK_M_FENCE_LATE 703300, LK_EX_SYSTEM, \
	"system \"%s\": what it ran has ended by itself before a fence device has confirmed it"
#define LK_M_OFFER_OLD 720000, LK_EX_EXISTS, "\"%s\": what system \"%s\" says of its owner is not the newest: %s"
#define LK_M_ONLY_GIVE 720001, LK_EX_USAGE, "option --give needs --release, without --dry-run and --nowait"
#define LK_M_UP_ALREADY 720002, LK_EX_SYSTEM, "%s is configured already on network interface \"%s\""
#define LK_M_NO_LINK 720003, LK_EX_SYSTEM, "the link of network interface \"%s\" is not known to be up"
#define LK_M_IS_SOURCE 720004, LK_EX_SYSTEM, "%s is the source address of routes"
#define LK_M_MANY_DEVICES 720005, LK_EX_SYSTEM, "%s is configured more than once"
#define LK_M_FENCE_CUT 703288, LK_EX_SYSTEM, "the test was interrupted"
/* what does not hold up a recovery */
#define LK_M_ACT_BUSY 720100, LK_EX_EXISTS, "another operation is at work on \"%s\" on system \"%s\""
/* grants, and what stays in service without daemons */
#define LK_M_HELD_FEW 720300, LK_EX_INTERNAL, \
	"resources are in service, and only %u of %zu other systems have noted that they stay so: nothing has been stopped"
#define LK_M_HELD_BUSY 720301, LK_EX_INTERNAL, \
	"the daemons of this system are being stopped by \"lkstop -f\": nothing is brought into service"

#endif
