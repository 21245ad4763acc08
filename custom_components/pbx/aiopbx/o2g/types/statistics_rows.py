"""Wire types of O2G: rows of statistics."""

import msgspec

from .base import Wire


class AgentByPilotStatisticsRow(Wire, kw_only=True):
    """Figures of one agent with the calls of one pilot. Durations are texts."""

    pilot_number: str | None = None
    pilot_name: str | None = None
    nb_calls_received: int | None = None
    nb_calls_transf_in: int | None = None
    nb_calls_served: int | None = None
    nb_calls_served_too_quickly: int | None = None
    nb_calls_with_enquiry: int | None = None
    nb_calls_with_help: int | None = None
    nb_calls_transf: int | None = None
    nb_calls_transf_to_agent: int | None = None
    nb_calls_in_wrapup: int | None = None
    max_call_proc_dur: str | None = None
    max_conv_dur: str | None = None
    max_wrapup_dur: str | None = None
    call_proc_t_dur: str | None = None
    call_proc_a_dur: str | None = None
    conv_t_dur: str | None = None
    conv_a_dur: str | None = None
    wrapup_t_dur: str | None = None
    wrapup_a_dur: str | None = None
    conv_in_wrapup_t_dur: str | None = None
    busy_time_in_wrapup_t_dur: str | None = None
    on_hold_t_dur: str | None = None
    on_hold_a_dur: str | None = None
    trans_t_dur: str | None = None
    trans_a_dur: str | None = None
    pause_t_dur: str | None = None
    pause_a_dur: str | None = None


class AgentStatisticsRow(Wire, kw_only=True):
    """Figures of one agent: those asked for. Durations are texts, ``TDur`` total and ``ADur`` average."""

    date: str | None = None
    year: str | None = None
    month: str | None = None
    day: str | None = None
    hour: str | None = None
    minute: str | None = None
    login: str | None = None
    operator: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    number: str | None = None
    group: str | None = None
    nb_rotating: int | None = None
    nb_picked_up: int | None = None
    nb_pickup: int | None = None
    nb_local_out_non_acd: int | None = None
    nb_ext_out_nonacd: int | None = None
    nb_ring_acd: int | None = None
    nb_help: int | None = None
    nb_loc_in_nonacd: int | None = None
    nb_ext_in_nonacd_direct: int | None = None
    nb_ext_in_nonacd_transferred: int | None = None
    nb_served_wo_code: int | None = msgspec.field(name="nbServedWOCode", default=None)
    nb_served_w_code: int | None = None
    nb_acd_quick_served: int | None = None
    nb_extin_nonacd_served: int | None = None
    nb_extin_nonacd_quick_served: int | None = None
    nb_out_acd: int | None = None
    nb_out_acd_answered: int | None = None
    nb_on_wrapup: int | None = None
    ring_acd_served_t_dur: str | None = None
    ring_acd_served_a_dur: str | None = None
    ring_in_non_acd_ext_served_t_dur: str | None = None
    ring_in_non_acd_ext_served_a_dur: str | None = None
    ring_acd_t_dur: str | None = None
    ring_acd_a_dur: str | None = None
    ring_in_non_acd_ext_t_dur: str | None = None
    ring_in_non_acd_ext_a_dur: str | None = None
    ring_t_dur: str | None = None
    ring_a_dur: str | None = None
    conv_acd_t_dur: str | None = None
    conv_acd_a_dur: str | None = None
    wrapup_acd_t_dur: str | None = None
    conv_loc_out_nonacd_t_dur: str | None = None
    conv_loc_out_nonacd_a_dur: str | None = None
    conv_ext_out_t_dur: str | None = None
    conv_ext_out_a_dur: str | None = None
    conv_loc_in_nonacd_t_dur: str | None = None
    conv_loc_in_nonacd_a_dur: str | None = None
    conv_ext_in_nonacd_t_dur: str | None = None
    conv_ext_in_nonacd_a_dur: str | None = None
    out_acd_comm_t_dur: str | None = None
    out_acd_comm_a_dur: str | None = None
    out_acd_conv_t_dur: str | None = None
    out_acd_conv_a_dur: str | None = None
    out_acd_transact_t_dur: str | None = None
    out_acd_transact_a_dur: str | None = None
    out_acd_wrapup_t_dur: str | None = None
    out_acd_wrapup_a_dur: str | None = None
    out_acd_pause_t_dur: str | None = None
    out_acd_pause_a_dur: str | None = None
    wrap_up_idle_t_dur: str | None = None
    call_on_wrapup_t_dur: str | None = None
    busy_on_wrapup_t_dur: str | None = None
    busy_t_dur: str | None = None
    logged_out_per_time: str | None = None
    not_assigned_per_time: str | None = None
    assigned_per_time: str | None = None
    withdraw_per_time: str | None = None
    withdraw_per_time_cause1: str | None = None
    withdraw_per_time_cause2: str | None = None
    withdraw_per_time_cause3: str | None = None
    withdraw_per_time_cause4: str | None = None
    withdraw_per_time_cause5: str | None = None
    withdraw_per_time_cause6: str | None = None
    withdraw_per_time_cause7: str | None = None
    withdraw_per_time_cause8: str | None = None
    withdraw_per_time_cause9: str | None = None
    nb_pilots: int | None = None
    nb_acd_served_calls: int | None = None
    nb_acd_in_served_calls: int | None = None
    nb_in_calls_received_by_pilot: int | None = None
    nb_acd_out_served_calls: int | None = None
    nb_tot_non_served_calls: int | None = None
    nb_in_non_served_calls: int | None = None
    nb_pickedup_calls: int | None = None
    nb_refused_calls: int | None = None
    nb_acd_out_non_served_calls: int | None = None
    nb_tot_non_acdreceived_calls: int | None = None
    nb_in_non_acd_calls: int | None = None
    nb_out_non_acd_calls: int | None = None
    assigned_not_withdraw_dur: str | None = None
    withdraw_dur: str | None = None
    manu_wrapup_dur: str | None = None
    unreachable_dur: str | None = None
    non_acd_work_t_dur: str | None = None
    non_acd_work_a_dur: str | None = None
    acd_work_t_dur: str | None = None
    acd_work_a_dur: str | None = None
    acd_work_in_t_dur: str | None = None
    acd_work_in_a_dur: str | None = None
    acd_work_in_conv_t_dur: str | None = None
    acd_work_in_conv_a_dur: str | None = None
    acd_work_in_ring_t_dur: str | None = None
    acd_work_in_ring_a_dur: str | None = None
    acd_work_in_wrapup_t_dur: str | None = None
    acd_work_in_wrapup_a_dur: str | None = None
    acd_work_out_t_dur: str | None = None
    acd_work_out_a_dur: str | None = None
    acd_work_out_conv_t_dur: str | None = None
    acd_work_out_conv_a_dur: str | None = None
    acd_work_out_wrapup_t_dur: str | None = None
    acd_work_out_wrapup_a_dur: str | None = None
    acd_in_conv_t_dur: str | None = None
    acd_in_conv_a_dur: str | None = None
    acd_out_conv_t_dur: str | None = None
    acd_out_conv_a_dur: str | None = None
    pilot_agent_stats_rows: tuple[AgentByPilotStatisticsRow, ...] = ()
    nb_ext_out_non_acd: int | None = None
    nb_loc_in_non_acd: int | None = None
    nb_ext_in_non_acd_direct: int | None = None
    nb_ext_in_non_acd_transferred: int | None = None
    nb_ext_in_non_acd_served: int | None = None
    nb_ext_in_non_acd_quick_served: int | None = None
    conv_loc_out_non_acd_t_dur: str | None = None
    conv_loc_out_non_acd_a_dur: str | None = None
    conv_loc_in_non_acd_t_dur: str | None = None
    conv_loc_in_non_acd_a_dur: str | None = None
    conv_ext_in_non_acd_t_dur: str | None = None
    conv_ext_in_non_acd_a_dur: str | None = None
    nb_tot_non_acd_received_calls: int | None = None


class PilotStatisticsRow(Wire, kw_only=True):
    """Figures of one pilot: those asked for. Durations are texts; what begins with ``d`` is after distribution."""

    date: str | None = None
    year: str | None = None
    month: str | None = None
    day: str | None = None
    hour: str | None = None
    minute: str | None = None
    queue_name: str | None = None
    pilot_name: str | None = None
    pilot_number: str | None = None
    nb_calls_open: int | None = None
    nb_calls_blocked: int | None = None
    nb_calls_forward: int | None = None
    nb_calls_by_transfer: int | None = None
    nb_calls_by_mutual_aid: int | None = None
    max_nb_simult_calls: int | None = None
    nb_overflow_in_queue: int | None = None
    nb_overflow_in_ringing: int | None = None
    nb_calls_wo_queuing: int | None = msgspec.field(name="nbCallsWOQueuing", default=None)
    nb_calls_after_queuing: int | None = None
    nb_calls_sent_in_mutual_aid_queue: int | None = None
    nb_calls_redirected_out_acd_area: int | None = msgspec.field(name="nbCallsRedirectedOutACDArea", default=None)
    nb_calls_dissuaded: int | None = None
    nb_calls_dissuaded_after_trying_mutual_aid: int | None = None
    nb_calls_vg_type_pg: int | None = msgspec.field(name="nbCallsVGTypePG", default=None)
    nb_calls_sent_to_pg: int | None = msgspec.field(name="nbCallsSentToPG", default=None)
    nb_calls_rejected_lack_of_res: int | None = None
    nb_calls_served_by_agent: int | None = None
    nb_calls_served_in_time: int | None = None
    nb_calls_served_too_quick: int | None = None
    nb_calls_without_trans_code: int | None = None
    nb_calls_with_trans_code: int | None = None
    nb_calls_redistrib: int | None = None
    nb_calls_before_ts1: int | None = msgspec.field(name="nbCallsBeforeTS1", default=None)
    percent_calls_before_ts1: str | None = msgspec.field(name="percentCallsBeforeTS1", default=None)
    nb_calls_before_ts2: int | None = msgspec.field(name="nbCallsBeforeTS2", default=None)
    percent_calls_before_ts2: str | None = msgspec.field(name="percentCallsBeforeTS2", default=None)
    nb_calls_before_ts3: int | None = msgspec.field(name="nbCallsBeforeTS3", default=None)
    percent_calls_before_ts3: str | None = msgspec.field(name="percentCallsBeforeTS3", default=None)
    nb_calls_before_ts4: int | None = msgspec.field(name="nbCallsBeforeTS4", default=None)
    percent_calls_before_ts4: str | None = msgspec.field(name="percentCallsBeforeTS4", default=None)
    nb_calls_after_ts4: int | None = msgspec.field(name="nbCallsAfterTS4", default=None)
    percent_calls_after_ts4: str | None = msgspec.field(name="percentCallsAfterTS4", default=None)
    nb_abandons_on_greetings_vg: int | None = msgspec.field(name="nbAbandonsOnGreetingsVG", default=None)
    nb_abandons_on1_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn1WaitingVG", default=None)
    nb_abandons_on2_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn2WaitingVG", default=None)
    nb_abandons_on3_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn3WaitingVG", default=None)
    nb_abandons_on4_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn4WaitingVG", default=None)
    nb_abandons_on5_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn5WaitingVG", default=None)
    nb_abandons_on6_waiting_vg: int | None = msgspec.field(name="nbAbandonsOn6WaitingVG", default=None)
    nb_abandons_on_ringing: int | None = None
    nb_abandons_on_gen_fwd_vg: int | None = msgspec.field(name="nbAbandonsOnGenFwdVG", default=None)
    nb_abandons_on_blocked_vg: int | None = msgspec.field(name="nbAbandonsOnBlockedVG", default=None)
    nb_abandons_on_agent_busy: int | None = None
    nb_abandons: int | None = None
    nb_abandons_before_ts1: int | None = msgspec.field(name="nbAbandonsBeforeTS1", default=None)
    percent_abandons_before_ts1: str | None = msgspec.field(name="percentAbandonsBeforeTS1", default=None)
    nb_abandons_before_ts2: int | None = msgspec.field(name="nbAbandonsBeforeTS2", default=None)
    percent_abandons_before_ts2: str | None = msgspec.field(name="percentAbandonsBeforeTS2", default=None)
    nb_abandons_before_ts3: int | None = msgspec.field(name="nbAbandonsBeforeTS3", default=None)
    percent_abandons_before_ts3: str | None = msgspec.field(name="percentAbandonsBeforeTS3", default=None)
    nb_abandons_before_ts4: int | None = msgspec.field(name="nbAbandonsBeforeTS4", default=None)
    percent_abandons_before_ts4: str | None = msgspec.field(name="percentAbandonsBeforeTS4", default=None)
    nb_abandons_after_ts4: int | None = msgspec.field(name="nbAbandonsAfterTS4", default=None)
    percent_abandons_after_ts4: str | None = msgspec.field(name="percentAbandonsAfterTS4", default=None)
    call_proc_t_dur: str | None = None
    call_proc_a_dur: str | None = None
    greeting_listen_t_dur: str | None = None
    greeting_listen_a_dur: str | None = None
    before_queuing_t_dur: str | None = None
    wait_served_calls_t_dur: str | None = None
    wait_served_calls_a_dur: str | None = None
    wait_abandonned_calls_t_dur: str | None = None
    wait_abandonned_calls_a_dur: str | None = None
    ringing_t_dur: str | None = None
    ringing_a_dur: str | None = None
    conv_t_dur: str | None = None
    conv_a_dur: str | None = None
    hold_calls_t_dur: str | None = None
    hold_calls_a_dur: str | None = None
    wrapup_t_dur: str | None = None
    wrapup_a_dur: str | None = None
    longest_waiting_dur: str | None = None
    service_level: str | None = None
    efficiency: str | None = None
    in_service_state: str | None = None
    gen_fwd_state: str | None = None
    blocked_state: str | None = None
    dnb_tot_received_calls: int | None = None
    dnb_calls_open: int | None = None
    dnb_calls_blocked: int | None = None
    dnb_calls_forward: int | None = None
    dnb_direct_route: int | None = None
    dnb_indirect_route: int | None = None
    dnb_tot_served_calls: int | None = None
    defficiency: str | None = None
    dnb_calls_wo_queuing: int | None = msgspec.field(name="dnbCallsWOQueuing", default=None)
    dnb_calls_after_queuing: int | None = None
    dnb_calls_before_ts1: int | None = msgspec.field(name="dnbCallsBeforeTS1", default=None)
    dnb_calls_before_ts2: int | None = msgspec.field(name="dnbCallsBeforeTS2", default=None)
    dnb_calls_before_ts3: int | None = msgspec.field(name="dnbCallsBeforeTS3", default=None)
    dnb_calls_before_ts4: int | None = msgspec.field(name="dnbCallsBeforeTS4", default=None)
    dnb_calls_after_ts4: int | None = msgspec.field(name="dnbCallsAfterTS4", default=None)
    dwait_served_calls_a_dur: str | None = None
    dnb_abandons: int | None = None
    dnb_abandons_on_greetings_vg: int | None = msgspec.field(name="dnbAbandonsOnGreetingsVG", default=None)
    dnb_abandons_on_waiting_vg: int | None = msgspec.field(name="dnbAbandonsOnWaitingVG", default=None)
    dnb_abandons_before_ts1: int | None = msgspec.field(name="dnbAbandonsBeforeTS1", default=None)
    dnb_abandons_before_ts2: int | None = msgspec.field(name="dnbAbandonsBeforeTS2", default=None)
    dnb_abandons_before_ts3: int | None = msgspec.field(name="dnbAbandonsBeforeTS3", default=None)
    dnb_abandons_before_ts4: int | None = msgspec.field(name="dnbAbandonsBeforeTS4", default=None)
    dnb_abandons_after_ts4: int | None = msgspec.field(name="dnbAbandonsAfterTS4", default=None)
    dnb_calls_rejected_lack_of_res: int | None = None
    dnb_calls_dissuaded: int | None = None
    dnb_tot_calls_redirected: int | None = None
    dnb_calls_redirected_out_acd_area: int | None = msgspec.field(name="dnbCallsRedirectedOutACDArea", default=None)
    dnb_calls_sent_in_mutual_aid_queue: int | None = None
    dnb_calls_sent_to_pg: int | None = msgspec.field(name="dnbCallsSentToPG", default=None)
    dservice_level: str | None = None
    defficiency2: str | None = None
    dcall_proc_a_dur: str | None = None
    dconv_a_dur: str | None = None
    dwrapup_a_dur: str | None = None
    dhold_calls_a_dur: str | None = None
    dringing_a_dur: str | None = None
    dwaiting_a_dur: str | None = None
    dlongest_waiting_dur: str | None = None
    nb_overflow_in_ringing_with_a_capital: int | None = msgspec.field(name="NbOverflowInRinging", default=None)


class PilotAbandonedCallRow(Wire, kw_only=True):
    """A call that was given up, and where."""

    date: str | None = None
    year: str | None = None
    month: str | None = None
    day: str | None = None
    hour: str | None = None
    minute: str | None = None
    queue_name: str | None = None
    waiting_time: int | None = None
    pilot_name: str | None = None
    pilot_number: str | None = None
    abandoned_on_greeting_vg: int | None = msgspec.field(name="abandonedOnGreetingVG", default=None)
    abandoned_on1st_waiting_vg: int | None = msgspec.field(name="abandonedOn1stWaitingVG", default=None)
    abandoned_on2nd_waiting_vg: int | None = msgspec.field(name="abandonedOn2ndWaitingVG", default=None)
    abandoned_on3rd_waiting_vg: int | None = msgspec.field(name="abandonedOn3rdWaitingVG", default=None)
    abandoned_on4th_waiting_vg: int | None = msgspec.field(name="abandonedOn4thWaitingVG", default=None)
    abandoned_on5th_waiting_vg: int | None = msgspec.field(name="abandonedOn5thWaitingVG", default=None)
    abandoned_on6th_waiting_vg: int | None = msgspec.field(name="abandonedOn6thWaitingVG", default=None)
    abandoned_on_ringing: int | None = None
    abandoned_on_general_fwd_vg: int | None = msgspec.field(name="abandonedOnGeneralFwdVG", default=None)
    abandoned_on_blocked_vg: int | None = msgspec.field(name="abandonedOnBlockedVG", default=None)
    abandoned_on_direct_call_waiting: int | None = None
    caller_number: str | None = None
    abandoned_on5h_waiting_vg: int | None = msgspec.field(name="abandonedOn5hWaitingVG", default=None)
